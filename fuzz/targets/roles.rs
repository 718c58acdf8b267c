//! Metadata of a registry, and what a client keeps of it. The first byte chooses which of them the
//! rest is read as. What can be read is kept as received, and no signature is taken for one.

#![no_main]

use artifact::Timestamp;
use registry::roles::{
    Client, Role, RoleKind, RootRole, Rules, Signed, SnapshotRole, TargetsRole, TimestampRole,
    Transport, TransportError, TrustedState,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    match which {
        b'r' => reads::<RootRole>(bytes),
        b't' => reads::<TimestampRole>(bytes),
        b's' => reads::<SnapshotRole>(bytes),
        b'p' => reads::<TargetsRole>(bytes),
        _ => follows(bytes),
    }
});

fn reads<T: Role>(bytes: &[u8]) {
    let Ok(signed) = Signed::<T>::parse("role", bytes) else { return };
    assert_eq!(signed.bytes(), bytes);
    assert_eq!(signed.content().header().kind, T::KIND);
    let written = serde_json::to_value(signed.content()).expect("what was read can be written");
    let envelope: serde_json::Value = serde_json::from_slice(bytes).expect("it was just read");
    let named = |value: &serde_json::Value| value.as_object().map(|it| it.len());
    assert!(named(&written) >= named(&envelope["signed"]), "a field was lost");
}

/// A registry whose every file is these bytes.
struct Same<'a>(&'a [u8]);

impl Transport for Same<'_> {
    fn fetch(&self, _: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        match self.0.len() as u64 > limit_bytes {
            true => Err(TransportError::TooLong(limit_bytes)),
            false => Ok(Some(self.0.to_vec())),
        }
    }
}

fn follows(bytes: &[u8]) {
    let state = TrustedState::from_bytes(bytes).or_else(|_| TrustedState::pinned(bytes));
    let Ok(state) = state else { return };
    let kept = state.to_bytes().expect("what was read can be kept");
    let again = TrustedState::from_bytes(&kept).expect("what was kept can be read");
    assert_eq!(again.versions(), state.versions());
    let now = Timestamp::from_unix_seconds(1_762_106_400).expect("in range");
    let same = Same(bytes);
    let mut client = Client::new(&same, state, Rules::default(), now);
    // One file cannot be four roles.
    assert!(client.refresh().is_err());
    let _ = client.resume();
    let _ = client.find("space/package/1_2/entry.json");
    assert!(client.state().versions()["root"] >= again.versions()["root"]);
    assert_eq!(client.state().bytes_of(RoleKind::Root.name()).is_some(), true);
}
