//! A manifest that can be read is written, and read back as the same value.

#![no_main]

use code_model::manifest::Manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::read(bytes) else { return };
    let written = manifest.write();
    let again = Manifest::read(written.as_bytes());
    assert_eq!(again.as_ref(), Ok(&manifest), "{written}");
    assert_eq!(manifest.clone().sealed().expected_checksum(), manifest.expected_checksum());
});
