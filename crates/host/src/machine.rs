//! What this machine is called.

/// The name of the machine in its network, for telling workers apart; `machine` where it has none.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "machine".to_owned() } else { name.to_owned() }
}
