//! Texts that attack whoever reads them: manifests, checkpoints, settings and configuration files
//! of others. Each is read by a process of its own that may take 64 MiB beyond the text, and must
//! be refused, or read with a finding. Time is printed.
//!
//! This binary is its own child, so it has its own `main`.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes files and processes of its own")]
#![expect(clippy::print_stderr, reason = "what an attack took is worth reading")]
#![expect(clippy::print_stdout, reason = "the child answers on its standard output")]

use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use artifact::strict_json;
use code_line::checkpoint::Checkpoint;
use code_line::settings::{Settings, TargetSettings};
use code_model::manifest::Manifest;
use code_model::report::Report;
use configuration::{Format, MAX_KEYS};
use libtest_mimic::{Arguments, Trial};
use nix::sys::resource::{Resource, setrlimit};

/// What reading a text may take beside the text.
const MEMORY_BYTES: u64 = 64 << 20;

/// The most findings that one text may have.
const FINDINGS: usize = 110;

/// A reader, an attack, its text, and a word that the answer must have.
type Attack = (&'static str, &'static str, String, &'static str);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    if let [_, flag, reader, path] = arguments.as_slice()
        && flag == "--read"
    {
        return read(reader, path);
    }
    let trials = attacks().into_iter().map(|(reader, name, text, word)| {
        Trial::test(format!("{reader}: {name}"), move || {
            let answer = attack(reader, name, &text);
            assert!(answer.contains(word), "{reader}: {name}: {answer}");
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn attack(reader: &str, name: &str, text: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("written");
    let started = Instant::now();
    let child = Command::new(env::current_exe().expect("this binary"))
        .args(["--read".as_ref(), reader.as_ref(), file.path().as_os_str()])
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .expect("a child");
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{reader}: {name}: {}: {output} {errors}", child.status);
    let milliseconds = started.elapsed().as_millis();
    let shown: String = output.chars().take(160).collect();
    eprintln!("{reader}: {name}: {} bytes, {milliseconds} ms: {}", text.len(), shown.trim_end());
    output.into_owned()
}

/// The child: reads the text of this file, and says what came of it.
fn read(reader: &str, path: &str) -> ExitCode {
    let bytes = fs::read(path).expect("a text");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = fs::read_to_string("/proc/self/status").expect("a process");
    let data = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("the field");
    let kibibytes: u64 =
        data.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
    let limit = (kibibytes << 10) + MEMORY_BYTES;
    setrlimit(Resource::RLIMIT_DATA, limit, limit).expect("a limit");
    let told = match reader {
        "manifest" => Manifest::read(&bytes).err().map(|error| error.to_string()),
        "checkpoint" => strict_json::<Checkpoint>(&bytes).err().map(|error| error.to_string()),
        "report" => strict_json::<Report>(&bytes).err().map(|error| error.to_string()),
        "settings" => {
            let error = Settings::from_toml(&text, "onx.toml").err();
            error.map(|error| error.report().detail.join("; "))
        }
        "target" => {
            let error = TargetSettings::from_pyproject(&text, "pyproject.toml").err();
            error.map(|error| error.report().detail.join("; "))
        }
        other => Some(configured(other, &text)),
    };
    let told = told.inspect(|told| assert!(told.len() < 4000, "{} bytes are told", told.len()));
    println!("{}", told.unwrap_or_else(|| "read".to_owned()));
    ExitCode::SUCCESS
}

fn configured(reader: &str, text: &str) -> String {
    let format = Format::of_extension(reader).expect("a format");
    let (keys, findings) = configuration::read(format, text);
    assert!(keys.len() <= MAX_KEYS && findings.len() <= FINDINGS, "{}", findings.len());
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
    let types = keys.iter().take(20).map(|key| key.value_type);
    format!("{} keys {:?} {codes:?}", keys.len(), types.collect::<Vec<_>>())
}

const MANIFEST: &str = "manifest_version: 1\nfrom: 1.0\nto: 2.0\noperations: []\n";

fn attacks() -> Vec<Attack> {
    let mut attacks = manifests();
    attacks.extend(documents());
    attacks.extend(settings());
    attacks.extend(yaml());
    attacks.extend(other_configurations());
    attacks
}

/// Nine lists of nine aliases each: a thousand million values.
fn alias_bomb(start: &str) -> String {
    let mut text = format!("{start}a0: &a0 [x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    text
}

fn block(depth: usize) -> String {
    (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect()
}

fn manifests() -> Vec<Attack> {
    let with = |name: &str, text: &str| MANIFEST.replacen(name, text, 1);
    vec![
        ("manifest", "aliases", alias_bomb(MANIFEST), "anchors and aliases"),
        ("manifest", "merge keys", format!("{MANIFEST}x-a: {{<<: *b}}\n"), "unknown anchor"),
        (
            "manifest",
            "brackets",
            format!("{MANIFEST}x-a: {}", "[".repeat(100_000)),
            "recursion limit",
        ),
        ("manifest", "braces", format!("{MANIFEST}x-a: {}", "{a: ".repeat(100_000)), "deeper"),
        ("manifest", "blocks", format!("{MANIFEST}x-a:\n{}", block(2000)), "deeper"),
        ("manifest", "dashes", format!("{MANIFEST}x-a:\n {}", "- ".repeat(100_000)), "deeper"),
        ("manifest", "a text without end", with("2.0", &"9".repeat(16 << 20)), "more than 64 KiB"),
        (
            "manifest",
            "a quoted text without end",
            format!("{MANIFEST}x-a: \"{}\n", "\\n".repeat(8 << 20)),
            "line",
        ),
        (
            "manifest",
            "a folded text without end",
            format!("{MANIFEST}x-a: >\n{}", "  text\n".repeat(1 << 20)),
            "more than 64 KiB",
        ),
        ("manifest", "a key twice", format!("{MANIFEST}from: 3.0\n"), "`from`"),
        (
            "manifest",
            "keys without end",
            format!(
                "{MANIFEST}x-a:\n{}",
                (0..500_000).map(|n| format!("  k{n}: 1\n")).collect::<String>()
            ),
            "more than 4096 names",
        ),
        ("manifest", "a second document", format!("{MANIFEST}---\na: 1\n"), "one YAML document"),
        ("manifest", "a number as version", with("1.0", "1e400"), "read"),
        ("manifest", "no in Norwegian", with("1.0", "no"), "read"),
        ("manifest", "bytes that are no text", "a: \u{0}\n".to_owned(), "line"),
        ("manifest", "comments alone", "#\n".repeat(4 << 20), "empty"),
        ("manifest", "a tag", with("1.0", "!!python/object/apply:os.system [x]"), "line"),
        ("manifest", "directives", "%YAML 1.2\n".repeat(1 << 16), "line"),
    ]
}

fn documents() -> Vec<Attack> {
    let checkpoint = |files: &str| {
        format!(
            r#"{{"format": "onx/checkpoint/1", "id": "00000000-0000-8000-8000-000000000000",
                "label": "x", "package": "p", "target": "/t", "from_version": "1",
                "to_version": "2", "created_at": "2024-01-01T00:00:00Z", "files": {files}}}"#
        )
    };
    let absent = r#"{"before": {"kind": "absent"}, "after": {"kind": "absent"}}"#;
    vec![
        ("checkpoint", "honest", checkpoint(&format!(r#"{{"a": {absent}}}"#)), "read"),
        (
            "checkpoint",
            "a file twice",
            checkpoint(&format!(r#"{{"a": {absent}, "a": {absent}}}"#)),
            "`a` stands twice",
        ),
        (
            "checkpoint",
            "a file twice in disguise",
            checkpoint(&format!(r#"{{"a": {absent}, "\u0061": {absent}}}"#)),
            "`a` stands twice",
        ),
        ("checkpoint", "depth", "[".repeat(100_000), "recursion limit"),
        ("checkpoint", "depth of objects", "{\"a\":".repeat(100_000), "recursion limit"),
        (
            "checkpoint",
            "an unknown name",
            checkpoint("{}").replacen("\"label\"", "\"x\"", 1),
            "unknown",
        ),
        ("checkpoint", "a text without end", format!("\"{}", "a".repeat(16 << 20)), "EOF"),
        (
            "checkpoint",
            "a number without end",
            checkpoint("{}").replacen("\"x\"", &"9".repeat(8 << 20), 1),
            "out of range",
        ),
        (
            "report",
            "a name twice",
            "{\"format\": \"x\", \"format\": \"y\"}".to_owned(),
            "stands twice",
        ),
        ("report", "depth", "[".repeat(100_000), "recursion limit"),
    ]
}

fn settings() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for reader in ["settings", "target"] {
        attacks.extend([
            (reader, "a key twice", "[tool]\na = 1\na = 2\n".to_owned(), "duplicate key"),
            (reader, "a table twice", "[tool]\n[tool]\n".to_owned(), "duplicate key"),
            (reader, "brackets", format!("a = {}", "[".repeat(100_000)), "TOML parse error"),
            (reader, "braces", format!("a = {}", "{a = ".repeat(100_000)), "TOML parse error"),
            (reader, "dots", format!("a{} = 1\n", ".a".repeat(100_000)), "recursion limit"),
            (
                reader,
                "dots of a table",
                format!("[a{}]\n", ".a".repeat(100_000)),
                "recursion limit",
            ),
            (
                reader,
                "an integer without end",
                format!("a = {}\n", "9".repeat(1 << 20)),
                "TOML parse error",
            ),
            (reader, "a text that stays open", format!("a = \"{}", "a".repeat(8 << 20)), "line 1"),
        ]);
    }
    attacks
}

fn yaml() -> Vec<Attack> {
    let leaves: String = (0..60_000).map(|n| format!("{}k{n}: 1\n", " ".repeat(50))).collect();
    let long = "k".repeat(900);
    let wide: String =
        (0..40).map(|level| format!("{}{long}{level}:\n", " ".repeat(level))).collect();
    let deep_leaves = format!("{}{leaves}", block(50));
    let wide_leaves: String = (0..20_000).map(|n| format!("{}k{n}: 1\n", " ".repeat(40))).collect();
    vec![
        ("yaml", "aliases", alias_bomb(""), "10 keys"),
        ("yaml", "merge keys", "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n".to_owned(), "[]"),
        ("yaml", "an alias of itself", "a: &a [*a]\n".to_owned(), "1 keys"),
        ("yaml", "brackets", "[".repeat(100_000), "nested-too-deeply"),
        ("yaml", "blocks", block(1900), "nested-too-deeply"),
        ("yaml", "dashes", "- ".repeat(100_000), "nested-too-deeply"),
        ("yaml", "questions", "? ".repeat(100_000), "nested-too-deeply"),
        ("yaml", "a text without end", format!("a: {}", "x".repeat(4_000_000)), "1 keys"),
        ("yaml", "more than is read", "x".repeat(5 << 20), "file-too-large"),
        ("yaml", "a key twice, often", "a: 1\n".repeat(400_000), "duplicate-key"),
        ("yaml", "keys in the deep", deep_leaves, "too-many-keys"),
        ("yaml", "long keys above many", format!("{wide}{wide_leaves}"), "too-many-keys"),
        (
            "yaml",
            "words and numbers that look like others",
            "a: no\nb: 0o17\nc: 017\nd: 0x1F\ne: 1e3\nf: 12:30:45\ng: 2024-01-01\nh: .inf\n\
             i: 99999999999999999999999999999999999999999999\n"
                .to_owned(),
            "9 keys [\"boolean\", \"integer\", \"integer\", \"integer\", \"float\", \"string\", \
             \"string\", ",
        ),
        ("yaml", "a tag", "a: !!python/object/apply:os.system [x]\n".to_owned(), "1 keys"),
    ]
}

fn other_configurations() -> Vec<Attack> {
    vec![
        ("toml", "a key twice", "a = 1\na = 2\n".to_owned(), "unreadable-configuration"),
        ("toml", "brackets", format!("a = {}", "[".repeat(20_000)), "unreadable-configuration"),
        ("toml", "dots", format!("a{} = 1\n", ".a".repeat(100_000)), "[\""),
        ("toml", "tables", "[[a]]\nb = 1\n".repeat(200_000), "too-many-keys"),
        ("toml", "an integer without end", format!("a = {}\n", "9".repeat(1 << 20)), "unreadable"),
        ("toml", "values", format!("a = [{}]\n", "1,".repeat(1_900_000)), "too-many-keys"),
        ("json", "values", format!("[{}1]", "1,".repeat(1_900_000)), "too-many-keys"),
        (
            "toml",
            "values as many as are read",
            format!("a = [{}]\n", "1,".repeat(99_000)),
            "1 keys",
        ),
        ("toml", "tables as many as are read", "[[a]]\nb = 1\n".repeat(11_000), "11001 keys"),
        (
            "toml",
            "keys as many as are read",
            (0..99_000).map(|n| format!("k{n}=1\n")).collect(),
            "too-many-keys",
        ),
        (
            "json",
            "keys as many as are read",
            format!(
                "{{{}\"a\": 1}}",
                (0..49_000).map(|n| format!("\"k{n}\":1,")).collect::<String>()
            ),
            "49001 keys",
        ),
        ("json", "brackets", "[".repeat(100_000), "nested-too-deeply"),
        ("json", "braces", "{\"a\":".repeat(100_000), "nested-too-deeply"),
        (
            "json",
            "a key twice, often",
            format!("{{{}\"a\": 1}}", "\"a\": 1, ".repeat(30_000)),
            "duplicate-key",
        ),
        ("json", "a number without end", format!("{{\"a\": {}}}", "9".repeat(1 << 20)), "1 keys"),
        ("json", "half of a character", r#"{"a": "\ud800", "\udc00": 1}"#.to_owned(), "["),
        (
            "ini",
            "a key twice, often",
            format!("[s]\n{}", "a = 1\n".repeat(400_000)),
            "duplicate-key",
        ),
        ("ini", "interpolation", "[s]\na = %(a)s\nb = ${s:b}\n".to_owned(), "3 keys"),
        ("ini", "a section without end", format!("[{}", "s".repeat(4_000_000)), "unreadable"),
        ("ini", "sections", "[s]\n".repeat(900_000), "too-many-keys"),
    ]
}
