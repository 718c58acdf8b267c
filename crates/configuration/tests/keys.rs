//! Keys of small texts in every format, and hostile texts.

use configuration::{Format, read};
use proptest::prelude::*;

fn keys(format: Format, text: &str) -> Vec<String> {
    let (keys, _) = read(format, text);
    keys.iter()
        .map(|key| {
            let place = &text[key.key.clone()];
            let value = key.value.as_deref().unwrap_or("-");
            format!("{} at {place}: {} {value}", key.dotted(), key.value_type)
        })
        .collect()
}

fn codes(format: Format, text: &str) -> Vec<String> {
    read(format, text).1.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn keys_are_found_where_they_stand() {
    assert_eq!(
        keys(Format::Yaml, "a: 1\n\"b\":\n  c: true # d: e\n  l:\n    - x: null\né: {f: 1.5}\n"),
        [
            "a at a: integer 1",
            "b at \"b\": table -",
            "b.c at c: boolean true",
            "b.l at l: list -",
            "b.l.x at x: null null",
            "é at é: table -",
            "é.f at f: float 1.5",
        ]
    );
    assert_eq!(
        keys(Format::Toml, "a = 1\n[t.u]\n\"b c\" = 'x'\nl = [{ m = true }]\n"),
        [
            "a at a: integer 1",
            "t at t: table -",
            "t.u at u: table -",
            "t.u.b c at \"b c\": string 'x'",
            "t.u.l at l: list -",
            "t.u.l.m at m: boolean true",
        ]
    );
    assert_eq!(
        keys(Format::Json, "{\"a\": {\"b\": [1, {\"c\": 2.0}]}, // no\n \"d\": null}"),
        [
            "a at \"a\": table -",
            "a.b at \"b\": list -",
            "a.b.c at \"c\": float 2.0",
            "d at \"d\": null null",
        ]
    );
    assert_eq!(
        keys(Format::Ini, "[s]\n# k = 1\na = 1\nlong = x\n  y = 2\nb: yes\nflag\n"),
        [
            "s at s: table -",
            "s.a at a: integer 1",
            "s.long at long: string x",
            "s.b at b: boolean yes",
            "s.flag at flag: null -",
        ]
    );
}

#[test]
fn hostile_texts_are_findings() {
    assert_eq!(codes(Format::Yaml, "a: 1\na: 2\n"), ["duplicate-key"]);
    assert_eq!(codes(Format::Json, "{\"a\": 1, \"a\": 2}"), ["duplicate-key"]);
    assert_eq!(codes(Format::Yaml, "a: [\n"), ["unreadable-configuration"]);
    assert_eq!(codes(Format::Toml, "a = \n"), ["unreadable-configuration"]);
    assert_eq!(codes(Format::Json, "{\"a\": "), ["unreadable-configuration"]);
    assert_eq!(codes(Format::Ini, "a = 1\n"), ["unreadable-configuration"]);
    assert_eq!(codes(Format::Yaml, &"[".repeat(100_000)), ["nested-too-deeply"]);
    assert_eq!(codes(Format::Json, &"[".repeat(100_000)), ["nested-too-deeply"]);
    assert_eq!(codes(Format::Toml, &format!("a = {}", "[".repeat(100_000))).len(), 1);
    let bomb = "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n";
    assert_eq!(read(Format::Yaml, bomb).0.len(), 4);
    assert_eq!(codes(Format::Json, &" ".repeat(5 << 20)), ["file-too-large"]);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[\\[\\]{}:=,\"'#&*|>\\-\\n a-cé0-9.]{0,200}", kind in 0_usize..4) {
        let format = [Format::Yaml, Format::Toml, Format::Json, Format::Ini][kind];
        for key in read(format, &text).0 {
            prop_assert!(text.get(key.key.clone()).is_some());
        }
    }
}
