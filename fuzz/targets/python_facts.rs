//! Facts and stubs of any bytes as any kind of file, the limits on nesting included. The first byte
//! chooses the kind.

#![no_main]

use artifact::TreePath;
use python::facts::extract_parsed;
use python::parse::{ParsedFile, with_stack_for};
use python::stubs::stub_of;

const NAMES: [&str; 12] = [
    "pkg/mod.py",
    "pkg/mod.pyi",
    "pkg/__init__.py",
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "lib-1.0.dist-info/RECORD",
    "CHANGES.md",
    "docs/changes.rst",
    "CHANGELOG",
    "settings.yaml",
    "data.json",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    // Lower-case letters are Python: most of what can go wrong is there.
    let name = NAMES.get(usize::from(which.wrapping_sub(b'A'))).unwrap_or(&NAMES[0]);
    let path = TreePath::new(name).expect("a plain path");
    let (facts, parsed) = extract_parsed(&path, bytes);
    assert_eq!(facts.size_bytes, bytes.len() as u64);
    if let Some(parsed) = parsed {
        let stub = with_stack_for(parsed.depth(), || {
            stub_of(&parsed.syntax().body, parsed.text())
        });
        // A stub of what has no syntax error has none.
        if parsed.syntax_error().is_none()
            && let Ok(read) = ParsedFile::parse_stub(stub.as_bytes())
        {
            assert!(read.syntax_error().is_none(), "{stub}");
        }
    }
});
