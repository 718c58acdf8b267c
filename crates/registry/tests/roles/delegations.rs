//! The suite's `test_updater_delegation_graphs.py` and `test_quoting_issues.py`.

use artifact::Sha256;
use registry::RoleError;
use registry::roles::{Client, Rules};

use super::simulator::{ONLINE, Simulator, TestClient, moment};

/// Who delegates to whom, for which paths, and whether it ends the search.
type Edge = (&'static str, &'static str, &'static [&'static str], bool);

const ALL: &[&str] = &["*"];
const PY: &[&str] = &["*.py"];

fn graph(edges: &[Edge]) -> Simulator {
    let mut registry = Simulator::new();
    for (from, to, paths, terminating) in edges {
        registry.delegate(from, to, paths, *terminating);
    }
    let roles: Vec<String> = registry.targets.keys().cloned().collect();
    for role in &roles {
        registry.republish(&[role]);
    }
    registry
}

/// The roles that are asked after the top-level ones, in order.
fn asked(registry: &Simulator) -> Vec<String> {
    registry.requests.borrow().iter().skip(4).map(|(role, _)| role.clone()).collect()
}

fn expect_order(edges: &[Edge], order: &[&str]) {
    let mut registry = graph(edges);
    registry.publish(&["snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    assert_eq!(client.find(&registry, "missingpath").expect("looked for"), None);
    assert_eq!(asked(&registry), order, "{edges:?}");
}

#[test]
fn one_delegation() {
    expect_order(&[("targets", "A", ALL, false)], &["A"]);
}

#[test]
fn two_delegations_are_asked_in_order() {
    expect_order(&[("targets", "A", ALL, false), ("targets", "B", ALL, false)], &["A", "B"]);
}

#[test]
fn two_levels_of_delegations() {
    expect_order(
        &[("targets", "A", ALL, false), ("targets", "B", ALL, false), ("B", "C", ALL, false)],
        &["A", "B", "C"],
    );
}

#[test]
fn what_a_role_delegates_is_asked_before_the_next_role() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("A", "C", ALL, false),
            ("A", "D", ALL, false),
        ],
        &["A", "C", "D", "B"],
    );
}

#[test]
fn the_same_holds_at_three_levels() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("A", "C", ALL, false),
            ("C", "D", ALL, false),
        ],
        &["A", "C", "D", "B"],
    );
}

#[test]
fn nobody_is_asked_after_a_terminating_role() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("A", "C", ALL, true),
            ("A", "D", ALL, false),
        ],
        &["A", "C"],
    );
}

#[test]
fn what_a_terminating_role_delegates_is_asked() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("A", "C", ALL, true),
            ("C", "D", ALL, false),
        ],
        &["A", "C", "D"],
    );
}

#[test]
fn a_role_for_other_paths_is_not_asked() {
    expect_order(
        &[("targets", "A", PY, false), ("targets", "B", ALL, false), ("A", "C", ALL, false)],
        &["B"],
    );
}

#[test]
fn a_role_for_other_paths_is_not_asked_at_three_levels() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("A", "C", PY, false),
            ("C", "D", ALL, false),
        ],
        &["A", "B"],
    );
}

#[test]
fn a_circle_is_walked_once() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("B", "C", ALL, false),
            ("C", "D", ALL, false),
            ("D", "B", ALL, false),
        ],
        &["A", "B", "C", "D"],
    );
}

#[test]
fn a_role_with_two_delegators_is_asked_through_the_first() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("B", "C", ALL, false),
            ("A", "C", ALL, false),
        ],
        &["A", "C", "B"],
    );
}

#[test]
fn a_role_with_two_delegators_is_asked_through_the_one_that_has_the_path() {
    expect_order(
        &[
            ("targets", "A", ALL, false),
            ("targets", "B", ALL, false),
            ("B", "C", ALL, false),
            ("A", "C", PY, false),
        ],
        &["A", "B", "C"],
    );
}

/// The tree of the suite, with targets in it.
fn tree() -> Simulator {
    let mut registry = graph(&[
        ("targets", "A", &["*.doc", "*.md", "foo-?.tgz"], false),
        ("targets", "B", &["releases/*/*"], false),
        ("B", "C", &["releases/x/*"], false),
        ("B", "D", &["releases/y/*.zip"], false),
    ]);
    registry.add_target("targets", b"targetfile content", "targetfile");
    registry.add_target("A", b"README by A", "README.md");
    registry.add_target("A", b"nested README by A", "releases/README.md");
    registry.add_target("A", b"foo 1", "foo-1.tgz");
    registry.add_target("A", b"foo alpha", "foo-alpha.tgz");
    registry.add_target("C", b"x release by C", "releases/x/x_v1");
    registry.add_target("D", b"y release by D", "releases/y/y_v1.zip");
    registry.add_target("D", b"z release by D", "releases/z/z_v1.zip");
    registry.republish(&["A", "C", "D"]);
    registry.publish(&ONLINE);
    registry
}

fn expect_found(path: &str, content: Option<&str>, order: &[&str]) {
    let registry = tree();
    let bytes = TestClient::new(&registry).download(&registry, path).expect("looked for");
    assert_eq!(bytes.as_deref(), content.map(str::as_bytes), "{path}");
    assert_eq!(asked(&registry), order, "{path}");
}

#[test]
fn a_target_without_delegations() {
    expect_found("targetfile", Some("targetfile content"), &[]);
}

#[test]
fn a_target_whose_path_fits_a_pattern() {
    expect_found("README.md", Some("README by A"), &["A"]);
}

#[test]
fn a_target_in_a_folder() {
    expect_found("releases/x/x_v1", Some("x release by C"), &["B", "C"]);
}

#[test]
fn a_target_in_another_folder() {
    expect_found("releases/y/y_v1.zip", Some("y release by D"), &["B", "D"]);
}

#[test]
fn a_target_that_not_everybody_on_the_way_delegates() {
    expect_found("releases/z/z_v1.zip", None, &["B"]);
}

#[test]
fn a_star_does_not_reach_into_a_folder() {
    expect_found("releases/README.md", None, &[]);
}

#[test]
fn a_question_mark_stands_for_one_character() {
    expect_found("foo-1.tgz", Some("foo 1"), &["A"]);
    expect_found("foo-alpha.tgz", None, &[]);
}

#[test]
fn patterns_tell_capital_letters_from_small_ones() {
    expect_found("README.MD", None, &[]);
}

#[test]
fn what_one_delegator_verified_is_not_verified_for_another() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "parent-a", &["team-a/*"], false);
    registry.delegate("targets", "parent-b", &["team-b/*"], false);
    registry.delegate("parent-a", "release", &["team-a/*"], false);
    // The other delegator names another key, and nobody signs with it.
    let first = registry.signers.remove("release").expect("it has a key");
    registry.delegate("parent-b", "release", &["team-b/*"], false);
    registry.signers.insert("release".to_owned(), first);
    registry.add_target("release", b"trusted A", "team-a/target");
    registry.add_target("release", b"malicious B", "team-b/target");
    registry.republish(&["targets", "parent-a", "parent-b", "release"]);
    registry.publish(&["snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    let bytes = client.download(&registry, "team-a/target").expect("signed");
    assert_eq!(bytes.as_deref(), Some(&b"trusted A"[..]));
    let error = client.download(&registry, "team-b/target").expect_err("not signed for B");
    assert!(matches!(&error, RoleError::Unsigned { role, .. } if role == "release"), "{error}");
    let bytes = client.download(&registry, "team-a/target").expect("signed still");
    assert_eq!(bytes.as_deref(), Some(&b"trusted A"[..]));
    // Neither within one update.
    let mut one = Client::new(&registry, client.trusted(), Rules::default(), moment(0));
    one.refresh().expect("all is signed");
    assert!(one.find("team-a/target").expect("signed for A").is_some());
    assert!(one.find("team-b/target").is_err(), "not signed for B");
    assert!(one.find("team-a/target").expect("signed for A still").is_some());
}

#[test]
fn a_role_that_the_snapshot_does_not_name_is_not_asked() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "delegated", &["delegatedpath/*"], false);
    registry.republish(&["targets", "delegated"]);
    registry.snapshot.meta.remove("delegated.json");
    registry.publish(&["snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    let error = client.find(&registry, "delegatedpath/foo").expect_err("it is not listed");
    assert!(matches!(&error, RoleError::Unlisted { role } if role == "delegated"), "{error}");
    assert_eq!(client.version("delegated"), None);
    assert!(asked(&registry).is_empty());
}

#[test]
fn odd_names_of_roles_stay_within_the_folder() {
    for (role, quoted) in [
        ("?", "%3F"),
        ("#", "%23"),
        ("/delegatedrole", "%2Fdelegatedrole"),
        ("../delegatedrole", "..%2Fdelegatedrole"),
        ("..", ".."),
        (".", "."),
    ] {
        let registry = graph(&[("targets", role, ALL, false)]);
        let mut registry = registry;
        registry.publish(&["snapshot", "timestamp"]);
        let mut client = TestClient::new(&registry);
        let found = client.find(&registry, "nonexistent target").expect("looked for");
        assert_eq!(found, None);
        assert_eq!(registry.last_request(), Some((quoted.to_owned(), Some(1))));
        assert_eq!(client.versions().len(), 5, "{role}");
    }
}

#[test]
fn names_that_would_deceive_are_none_of_roles() {
    for role in ["", "root", "targets", "a\u{202e}b", "a\nb", "a\0b"] {
        let mut registry = Simulator::new();
        registry.delegate("targets", "A", ALL, false);
        registry.publish(&["targets"]);
        let bytes = String::from_utf8(registry.file("targets", 2).to_vec()).expect("a text");
        let odd = serde_json::to_string(role).expect("a text");
        let bytes = bytes.replace("\"name\": \"A\"", &format!("\"name\": {odd}"));
        registry.serve("targets", 2, bytes.into_bytes());
        registry.publish(&["snapshot", "timestamp"]);
        let error = TestClient::new(&registry).refresh(&registry).expect_err("an odd name");
        assert!(matches!(error, RoleError::Malformed { .. }), "{role:?}: {error}");
    }
}

#[test]
fn paths_are_delegated_by_the_beginning_of_their_digest_too() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "A", ALL, false);
    let digest = Sha256::of(b"a/b").hex();
    let top = registry.targets.get_mut("targets").expect("there");
    let role = &mut top.delegations.as_mut().expect("there").roles[0];
    role.paths = None;
    role.path_hash_prefixes = Some(vec![digest[..4].to_owned()]);
    registry.add_target("A", b"content", "a/b");
    registry.add_target("A", b"content", "a/c");
    registry.republish(&["A"]);
    registry.publish(&ONLINE);
    let mut client = TestClient::new(&registry);
    assert!(client.find(&registry, "a/b").expect("looked for").is_some());
    assert!(client.find(&registry, "a/c").expect("looked for").is_none());
}

#[test]
fn a_chain_without_an_end_is_followed_so_far_and_no_further() {
    let mut registry = Simulator::new();
    let names: Vec<String> = (0..40).map(|number| format!("r{number}")).collect();
    let mut from = "targets".to_owned();
    for name in &names {
        registry.delegate(&from, name, ALL, false);
        from.clone_from(name);
    }
    for name in &names {
        registry.republish(&[name]);
    }
    registry.publish(&ONLINE);
    let error = TestClient::new(&registry).find(&registry, "x").expect_err("too long");
    assert!(matches!(error, RoleError::TooDeep { .. }), "{error}");
}
