//! Every path of `paths.txt` goes through every door by which paths come from outside. What leaves
//! its folder is refused with the reason; what does not stays inside it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests make and read folders of their own")]

mod archives;
mod checkpoints;

use artifact::{TreePath, is_deceptive};
use code_line::bundle::TreeDocument;
use code_model::manifest::Manifest;

const PATHS: &str = include_str!("paths.txt");

/// One line of the file.
struct Case {
    verdict: &'static str,
    raw: Vec<u8>,
    /// As it is written in the file.
    source: String,
}

impl Case {
    /// The path as text, where it is one.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.raw).ok()
    }

    /// Whether it is a path of a tree.
    fn is_path(&self) -> bool {
        matches!(self.verdict, "plain" | "version-control")
    }

    /// What a person must read about why it is refused.
    fn reason(&self) -> &'static str {
        match self.verdict {
            "empty" => "it is empty",
            "absolute" => "it is absolute",
            "drive" => "it names a drive",
            "backslash" => "it holds a backslash",
            "control" => "it holds a control character",
            "up" => "it goes up with `..`",
            "empty-part" => "it has a part that is empty or `.`",
            "too-long" => "it is longer than any file system takes",
            "not-utf8" => "UTF-8",
            "version-control" => "belongs to version control",
            other => panic!("`{other}` is no verdict that refuses"),
        }
    }

    /// Checks what a reader of JSON says about bytes that are no text.
    fn is_no_text(&self, told: &str) {
        let is_told = told.contains("unicode") || told.contains("control character");
        assert!(is_told, "{}: {told}", self.source);
    }

    /// Checks what a person reads about a refused path.
    fn is_told(&self, told: &str) {
        assert!(told.contains(self.reason()), "{}: {told}", self.source);
        assert!(!told.contains(|c| is_deceptive(c) && c != '\n'), "{}: {told:?}", self.source);
        assert!(told.chars().count() < 1200, "{}: {told}", self.source);
    }
}

fn cases() -> Vec<Case> {
    let lines = PATHS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases: Vec<Case> = lines
        .map(|line| {
            let (verdict, source) = line.split_once("| ").unwrap_or((line, ""));
            let verdict = verdict.trim_end_matches([' ', '|']);
            Case { verdict, raw: unescape(source), source: source.to_owned() }
        })
        .collect();
    assert!(cases.len() >= 300, "{} paths", cases.len());
    cases
}

fn unescape(source: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let kind = after.chars().next().expect("an escape");
        rest = &after[1..];
        match kind {
            '\\' => bytes.push(b'\\'),
            'x' => {
                let (digits, after) = rest.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).expect("a byte"));
                rest = after;
            }
            'u' => {
                let (digits, after) = rest[1..].split_once('}').expect("an end");
                let number = u32::from_str_radix(digits, 16).expect("a number");
                let character = char::from_u32(number).expect("a character");
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            '*' => {
                let (count, after) = rest[1..].split_once(':').expect("a count");
                let end = after.rfind('}').expect("an end");
                let text = unescape(&after[..end]);
                bytes.extend(text.repeat(count.parse().expect("a number")));
                rest = &after[end + 1..];
            }
            other => panic!("`{other}` is no escape, in {source}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[test]
fn the_type_takes_what_stays_inside_and_names_what_does_not() {
    for case in cases() {
        let Some(text) = case.text() else { continue };
        match TreePath::new(text) {
            Ok(path) => {
                assert!(case.is_path(), "{} was taken", case.source);
                assert_eq!(path.is_version_control(), case.verdict == "version-control");
                assert!(path.parts().all(|part| !matches!(part, "" | "." | "..")));
            }
            Err(error) => case.is_told(&error.to_string()),
        }
    }
}

#[test]
fn a_manifest_names_the_path_that_it_refuses() {
    const MANIFEST: &str = "manifest_version: 1\nfrom: 1.0\nto: 2.0\noperations:\n\
                            - id: OP001\n  kind: move.file\n  match: {from: FROM, to: data/new.txt}\n  confidence: 0.9\n";
    for case in cases() {
        let quoted = case.text().map(|text| serde_json::to_string(text).expect("a text"));
        let mut bytes = Vec::new();
        let (before, after) = MANIFEST.split_once("FROM").expect("a place");
        bytes.extend_from_slice(before.as_bytes());
        bytes.extend(quoted.map_or(case.raw.clone(), String::into_bytes));
        bytes.extend_from_slice(after.as_bytes());
        match Manifest::read(&bytes) {
            Ok(_) => assert!(case.is_path(), "{} was taken", case.source),
            // A single text of the size of a book is refused before anybody asks what it means.
            Err(error) if case.raw.len() > 64 << 10 => {
                assert!(error.to_string().contains("more than 64 KiB"), "{error}");
            }
            Err(error) => case.is_told(&error.to_string()),
        }
    }
}

#[test]
fn a_file_of_a_bundle_names_the_path_that_it_refuses() {
    let document = |path: &[u8]| {
        let mut bytes =
            br#"{"version": 2, "metadata": {"generator": "x", "ref": "1.0"}, "root": ".",
            "files": [{"path": "#
                .to_vec();
        bytes.extend_from_slice(path);
        bytes.extend_from_slice(
            format!(
                r#", "size_bytes": 0, "lang": "python", "hash": "{}", "symbols": []}}]}}"#,
                artifact::Sha256::of(b"")
            )
            .as_bytes(),
        );
        bytes
    };
    for case in cases() {
        let json = match case.text() {
            Some(text) => serde_json::to_vec(text).expect("a text"),
            None => [b"\"".as_slice(), &case.raw, b"\""].concat(),
        };
        match serde_json::from_slice::<TreeDocument>(&document(&json)) {
            Ok(_) => assert!(case.is_path(), "{} was taken", case.source),
            Err(error) if case.verdict == "not-utf8" => {
                case.is_no_text(&error.to_string());
            }
            Err(error) => case.is_told(&error.to_string()),
        }
    }
}
