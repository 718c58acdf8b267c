//! `cases.md` names tests that there are.

const CASES: &str = include_str!("cases.md");

const FILES: &[(&str, &str)] = &[
    ("attacks", include_str!("attacks.rs")),
    ("basic", include_str!("basic.rs")),
    ("delegations", include_str!("delegations.rs")),
    ("downloads", include_str!("downloads.rs")),
    ("expiration", include_str!("expiration.rs")),
    ("foreign", include_str!("foreign.rs")),
    ("interruptions", include_str!("interruptions.rs")),
    ("keeper", include_str!("keeper.rs")),
    ("keys", include_str!("keys.rs")),
    ("publishing", include_str!("publishing.rs")),
    ("rollback", include_str!("rollback.rs")),
    ("rotations", include_str!("rotations.rs")),
];

#[test]
fn every_case_names_a_test() {
    let mut seen = 0;
    for line in CASES.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, test] = cells[..] else { panic!("{line}") };
        let named = test.trim_matches('`').split_once("::");
        let (file, function) = named.unwrap_or_else(|| panic!("{line}"));
        let text = FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| text);
        let there = text.is_some_and(|text| text.contains(&format!("\nfn {function}()")));
        assert!(there, "{line}");
        seen += 1;
    }
    assert_eq!(seen, 116, "all cases are there");
}
