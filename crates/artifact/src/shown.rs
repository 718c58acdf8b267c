//! Text from outside as people may read it: what could steer a terminal or deceive an eye is
//! written as an escape.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal or a reader's eye takes this character for something else than a character:
/// it controls, turns the direction of what follows, or cannot be seen.
pub fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Invisible: soft hyphen, grapheme joiner, fillers, zero-width characters.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // Direction and lines.
        | '\u{61c}' | '\u{2028}'..='\u{202e}')
}

/// A text as it may stand within a line: everything deceptive is an escape such as `\u{1b}`, line
/// ends and tabs included.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A text of several lines as it may be shown: line ends and tabs stay, everything else deceptive
/// is an escape.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| matches!(character, '\n' | '\t'))
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let harmful = |character: char| is_deceptive(character) && !stays(character);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' if harmful('\n') => plain.push_str("\\n"),
            '\t' if harmful('\t') => plain.push_str("\\t"),
            '\r' => plain.push_str("\\r"),
            character if harmful(character) => plain.extend(character.escape_unicode()),
            character => plain.push(character),
        }
    }
    Cow::Owned(plain)
}

/// The same for the text of a JSON document, whose strings have an escape of their own: the value
/// stays what it was.
pub fn shown_json(text: &str) -> Cow<'_, str> {
    let harmful = |character: char| is_deceptive(character) && !matches!(character, '\n' | '\t');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if harmful(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(plain, "\\u{unit:04x}");
            }
        } else {
            plain.push(character);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal_or_deceives_the_eye() {
        assert_eq!(shown_lines("a\u{1b}[31mb\n\tc\r"), "a\\u{1b}[31mb\n\tc\\r");
        assert_eq!(shown("x\u{202e}y\u{9b}z\n"), "x\\u{202e}y\\u{9b}z\\n");
        assert_eq!(shown("\u{1b}]8;;http://x\u{7}name"), "\\u{1b}]8;;http://x\\u{7}name");
        assert_eq!(
            shown("a\u{200b}b\u{2066}c\u{feff}\u{e0041}"),
            "a\\u{200b}b\\u{2066}c\\u{feff}\\u{e0041}"
        );
        assert_eq!(shown("naïve → ok 漢字"), "naïve → ok 漢字");
    }

    #[test]
    fn no_control_format_or_line_character_is_left() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = character.to_string();
            let plain = shown(&text);
            assert!(!plain.contains(char::is_control), "{:x}", u32::from(character));
            assert!(!plain.contains(is_deceptive), "{:x}", u32::from(character));
        }
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({"name": "a\u{9b}b\u{202e}\u{1b}\u{e0041}\u{7f}"});
        let text = shown_json(&value.to_string()).into_owned();
        assert!(!text.contains(is_deceptive));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
