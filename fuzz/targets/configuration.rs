//! Configuration texts in every format: keys lie in the text, in order, and a text read twice gives
//! the same. The first byte chooses the format.

#![no_main]

use configuration::{Format, MAX_DEPTH, MAX_KEYS, read};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let format = match which % 4 {
        0 => Format::Yaml,
        1 => Format::Toml,
        2 => Format::Json,
        _ => Format::Ini,
    };
    let text = String::from_utf8_lossy(bytes);
    let (keys, findings) = read(format, &text);
    assert!(keys.len() <= MAX_KEYS);
    for key in &keys {
        assert!(text.get(key.key.clone()).is_some(), "{format:?}: {key:?} lies in no character");
        assert!(!key.path.is_empty() && key.path.len() <= MAX_DEPTH + 1, "{key:?}");
    }
    assert_eq!(read(format, &text), (keys, findings));
});
