//! YAML by its events: aliases are never expanded, so that no text can grow while it is read.

use std::collections::BTreeSet;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::{Keys, MAX_DEPTH};

/// An open mapping or sequence.
enum Level {
    Mapping {
        /// The key that waits for its value.
        key: Option<(String, Range<usize>)>,
        seen: BTreeSet<String>,
        /// Whether this level's keys belong to a key that itself is no plain scalar.
        anonymous: bool,
    },
    Sequence,
}

pub(crate) fn read(keys: &mut Keys<'_>) {
    if deepest_indentation(keys.text) > 100 * MAX_DEPTH || brackets(keys.text) > 4 * MAX_DEPTH {
        keys.too_deep(0);
        return;
    }
    let places = Places::of(keys.text);
    let mut reader = Reader { levels: Vec::new(), path: Vec::new(), places, too_deep: false };
    for event in Parser::new_from_str(keys.text) {
        match event {
            Ok((event, span)) => {
                if !reader.event(keys, &event, span) {
                    return;
                }
            }
            Err(error) => {
                let at = reader.places.byte(error.marker().index());
                keys.unreadable("YAML", Some(at), error);
                return;
            }
        }
    }
}

struct Reader {
    levels: Vec<Level>,
    path: Vec<String>,
    places: Places,
    too_deep: bool,
}

impl Reader {
    /// Takes one event; false when reading stops.
    fn event(&mut self, keys: &mut Keys<'_>, event: &Event<'_>, span: Span) -> bool {
        let range = self.places.byte(span.start.index())..self.places.byte(span.end.index());
        match event {
            Event::Scalar(text, style, _, _) => self.scalar(keys, text, *style, range),
            Event::Alias(_) => self.value(keys, "table", None, false),
            Event::MappingStart(..) => {
                if !self.open(keys, "table", range.start) {
                    return false;
                }
                let anonymous = self.is_anonymous();
                self.levels.push(Level::Mapping { key: None, seen: BTreeSet::new(), anonymous });
                true
            }
            Event::SequenceStart(..) => {
                if !self.open(keys, "list", range.start) {
                    return false;
                }
                self.levels.push(Level::Sequence);
                true
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.levels.pop();
                self.close();
                true
            }
            Event::DocumentStart(_) => {
                self.levels.clear();
                self.path.clear();
                true
            }
            _ => true,
        }
    }

    fn is_anonymous(&self) -> bool {
        self.levels.iter().any(|level| matches!(level, Level::Mapping { anonymous: true, .. }))
    }

    fn open(&mut self, keys: &mut Keys<'_>, value_type: &'static str, at: usize) -> bool {
        if self.levels.len() >= MAX_DEPTH {
            if !self.too_deep {
                keys.too_deep(at);
            }
            return false;
        }
        if let Some(Level::Mapping { key: key @ None, anonymous, .. }) = self.levels.last_mut() {
            // A mapping or list as a key: nothing below it has a path.
            *key = Some((String::new(), at..at));
            *anonymous = true;
            self.path.push(String::new());
            return true;
        }
        self.value(keys, value_type, None, true)
    }

    /// The value of the waiting key begins.
    fn value(
        &mut self,
        keys: &mut Keys<'_>,
        value_type: &'static str,
        text: Option<&str>,
        stays_open: bool,
    ) -> bool {
        let anonymous = self.is_anonymous();
        let Some(Level::Mapping { key: waiting, .. }) = self.levels.last_mut() else { return true };
        let Some((key, range)) = waiting.take() else { return true };
        self.path.push(key);
        let taken = anonymous || keys.add(&self.path, range.clone(), value_type, text);
        if stays_open {
            *waiting = Some((String::new(), range));
        } else {
            self.path.pop();
        }
        taken
    }

    /// A mapping or sequence has ended: so has the value it was.
    fn close(&mut self) {
        if let Some(Level::Mapping { key, .. }) = self.levels.last_mut()
            && key.take().is_some()
        {
            self.path.pop();
        }
    }

    fn scalar(
        &mut self,
        keys: &mut Keys<'_>,
        text: &str,
        style: ScalarStyle,
        range: Range<usize>,
    ) -> bool {
        if let Some(Level::Mapping { key: key @ None, seen, .. }) = self.levels.last_mut() {
            let repeated = !seen.insert(text.to_owned()) && text != "<<";
            *key = Some((text.to_owned(), range.clone()));
            if repeated {
                keys.duplicate(text, range.start);
            }
            return true;
        }
        let source = keys.text.get(range).map(str::to_owned);
        self.value(keys, type_of(text, style), source.as_deref(), false)
    }
}

/// The type of a scalar by YAML's core schema.
fn type_of(text: &str, style: ScalarStyle) -> &'static str {
    if style != ScalarStyle::Plain {
        return "string";
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return "null",
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" | "yes" | "no" | "on" | "off"
        | "Yes" | "No" | "On" | "Off" => return "boolean",
        _ => {}
    }
    if text.parse::<i128>().is_ok() || text.starts_with("0x") || text.starts_with("0o") {
        "integer"
    } else if text.parse::<f64>().is_ok()
        && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
    {
        "float"
    } else {
        "string"
    }
}

/// Turns positions in characters into positions in bytes.
struct Places(Option<Vec<usize>>);

impl Places {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(None);
        }
        Self(Some(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()))
    }

    fn byte(&self, character: usize) -> usize {
        match &self.0 {
            None => character,
            Some(places) => places.get(character).or(places.last()).copied().unwrap_or(0),
        }
    }
}

fn deepest_indentation(text: &str) -> usize {
    text.lines()
        .map(|line| line.len() - line.trim_start_matches([' ', '-', '?']).len())
        .max()
        .unwrap_or(0)
}

/// The deepest nesting of brackets, strings not told apart: the scanner recurses on flow
/// collections.
fn brackets(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
