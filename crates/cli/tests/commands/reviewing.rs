//! `review`, `approve`, `approvals` and `policy`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{Ran, Scene};

const GENERATE: [&str; 8] =
    ["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"];

fn with_code(ran: Ran, code: i32) -> Ran {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    ran
}

fn refused(ran: Ran, code: i32, says: &str) {
    let ran = with_code(ran, code);
    assert!(ran.err.contains(says), "{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

/// A library with a renamed class, and functions of which two could be what an old one became.
fn scene() -> Scene {
    let scene = Scene::with_library();
    let weigh = |name: &str| {
        format!(
            "\n\ndef {name}(values, scale=1):\n    total = 0\n    for value in values:\n        \
             total += value * scale\n    return total\n"
        )
    };
    let old = scene.read("old/yourlib/shapes.py");
    let new = scene.read("new/yourlib/shapes.py");
    scene.write("old/yourlib/shapes.py", &format!("{old}{}", weigh("weigh")));
    scene.write("new/yourlib/shapes.py", &format!("{new}{}{}", weigh("mass"), weigh("burden")));
    with_code(scene.onx(&GENERATE), 0);
    scene
}

fn open(scene: &Scene, manifest: &str, below: &str) -> Vec<Value> {
    let ran = scene.onx(&["manifest", "review", manifest, "--list", "--below", below, "--json"]);
    serde_json::from_str(&ran.out).expect("JSON")
}

fn operations(scene: &Scene, manifest: &str) -> String {
    scene.read(&format!("{manifest}/manifest.yaml"))
}

#[test]
fn what_is_decided_makes_a_new_manifest() {
    let scene = scene();
    let items = open(&scene, "bundle", "1");
    assert!(!items.is_empty());
    let name = |item: &Value| item["item"].as_str().expect("a name").to_owned();
    let operation = items.iter().find(|item| !item["kind"].is_null()).expect("an operation");
    let ambiguous = items.iter().find(|item| item["kind"].is_null()).expect("an open name");
    assert!(name(ambiguous).ends_with("weigh"), "{ambiguous}");
    let before = scene.files("bundle");

    let (id, open_name) = (name(operation), name(ambiguous));
    let edit = format!("{open_name}={}", open_name.replace("weigh", "burden"));
    let decide = ["manifest", "review", "bundle", "--accept", &id, "--edit", &edit];
    let reason = ["--reason", "asked the author", "--out", "mine", "--json"];
    let ran = scene.onx(&[&decide[..], &reason].concat());
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(
        (answer["accepted"].as_u64(), answer["edited"].as_u64()),
        (Some(1), Some(1)),
        "{answer}"
    );
    assert_eq!(answer["signature"]["state"], "signed");
    assert_eq!(scene.files("bundle"), before, "a manifest never changes");
    let text = operations(&scene, "mine");
    assert!(text.contains("manual_validation") && text.contains("asked the author"), "{text}");
    assert!(text.contains("burden"), "{text}");
    assert!(text.contains("parent: "), "{text}");
    let report: Value = serde_json::from_str(&scene.read("mine/report.json")).expect("JSON");
    assert_eq!(report["reviewed"].as_array().map(Vec::len), Some(2), "{report}");
    assert!(
        open(&scene, "mine", "1").iter().all(|item| name(item) != id && name(item) != open_name)
    );
    with_code(scene.onx(&["manifest", "verify", "mine"]), 0);
    let log = with_code(scene.onx(&["audit", "show"]), 0).out;
    assert!(log.contains("manifest reviewed"), "{log}");

    scene.write("app/main.py", "from yourlib.shapes import weigh\n\nprint(weigh([1]))\n");
    let apply = ["migrate", "apply", "--manifest", "mine", "--target", "app"];
    with_code(scene.onx(&apply), 0);
    assert!(scene.read("app/main.py").contains("burden([1])"), "{}", scene.read("app/main.py"));
}

#[test]
fn what_its_parent_did_to_dependents_says_nothing_about_a_new_manifest() {
    let scene = scene();
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    with_code(scene.onx(&[&GENERATE[..], &["--preview", "app"]].concat()), 0);
    let verified = |bundle: &str| {
        let report: Value =
            serde_json::from_str(&scene.read(&format!("{bundle}/report.json"))).expect("JSON");
        report["verification"].clone()
    };
    assert_eq!(verified("bundle")["passed"], true);
    let id = open(&scene, "bundle", "1")[0]["item"].as_str().expect("an id").to_owned();
    let decide = ["manifest", "review", "bundle", "--reject", &id, "--reason", "no"];
    scene.onx(&[&decide[..], &["--out", "mine"]].concat());
    assert_eq!(verified("mine"), Value::Null);
    let add = ["manifest", "template", "add", "parameter-removed", "--manifest", "bundle"];
    let about = ["--set", "callable=yourlib.shapes.area", "--set", "name=encoding"];
    let further = ["--reason", "not used", "--out", "added"];
    with_code(scene.onx(&[&add[..], &about, &further].concat()), 0);
    assert_eq!(verified("added"), Value::Null);
}

#[test]
fn what_is_open_is_what_was_asked_about() {
    let scene = scene();
    let items = open(&scene, "bundle", "1");
    let operation = items.iter().find(|item| !item["kind"].is_null()).expect("an operation");
    let kind = operation["kind"].as_str().expect("a kind");
    let of_kind = items.iter().filter(|item| item["kind"] == kind);
    let accept = of_kind.flat_map(|item| ["--accept", item["item"].as_str().expect("an id")]);
    let accept: Vec<&str> = accept.chain(["--out", "mine"]).collect();
    let open_name = items.iter().find(|item| item["kind"].is_null()).expect("an open name");
    let open_name = open_name["item"].as_str().expect("a name");
    let review = |manifest: &str, further: &[&str]| {
        scene.onx(&[&["manifest", "review", manifest, "--reason", "x"][..], further].concat())
    };
    // Nothing is below 0.7 then, and the operation is below 1.
    let reject = ["--reject", open_name, "--out", "named"];
    let ran = with_code(review("bundle", &[&reject[..], &["--below", "1"]].concat()), 1);
    assert!(ran.out.contains("open still"), "{}", ran.out);
    assert!(ran.err.contains("review named/manifest.yaml --below 1\n"), "{}", ran.err);
    with_code(scene.onx(&["manifest", "review", "named", "--list", "--below", "1"]), 1);

    let ran = review("bundle", &[&accept[..], &["--below", "1", "--kind", kind]].concat());
    assert!(with_code(ran, 0).out.contains(&format!("nothing is open of {kind}")));
    with_code(scene.onx(&["manifest", "review", "mine", "--list"]), 1);
}

#[test]
fn a_new_manifest_takes_the_place_of_no_other_one() {
    let scene = scene();
    let id = open(&scene, "bundle", "1")[0]["item"].as_str().expect("an id").to_owned();
    let command = |folder: &str, reason: &str, arguments: &[&str]| -> Ran {
        let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
        command.args(["manifest", "review", "--reject", &id, "--reason", reason]);
        command.args(arguments).current_dir(scene.work().join(folder));
        command.output().expect("onx starts").into()
    };
    let before = scene.files("bundle");
    std::os::unix::fs::symlink("bundle", scene.work().join("link")).expect("a link");
    for out in ["../bundle", "../link", "."] {
        let ran = command("bundle", "x", &[".", "--out", out]);
        refused(ran, 4, "holds the manifest that this is made from");
    }
    refused(command("", "x", &["link", "--out", "bundle"]), 4, "that this is made from");
    assert_eq!(scene.files("bundle"), before);

    command("", "x", &["bundle", "--out", "mine"]);
    let mine = scene.files("mine");
    refused(command("", "y", &["bundle", "--out", "mine"]), 4, "holds another manifest");
    assert_eq!(scene.files("mine"), mine);
    command("", "x", &["bundle", "--out", "mine"]);
    assert_eq!(scene.files("mine"), mine, "the same is written again");

    std::fs::remove_file(scene.work().join("mine/manifest.yaml")).expect("a file");
    std::fs::remove_file(scene.work().join("bundle/manifest.dsse.json")).expect("a file");
    let ran = command("", "y", &["bundle", "--out", "mine"]);
    assert!(ran.out.contains("unsigned"), "{}{}", ran.out, ran.err);
    assert!(!scene.work().join("mine/manifest.dsse.json").exists());
}

#[test]
fn what_is_rejected_is_left_out_and_listed_as_gone() {
    let scene = scene();
    let items = open(&scene, "bundle", "1");
    let rename = items.iter().find(|item| item["kind"] == "rename.symbol").expect("a class");
    let id = rename["item"].as_str().expect("an id");
    let decide = ["manifest", "review", "bundle", "--reject", id, "--reason", "not the same"];
    let ran = scene.onx(&[&decide[..], &["--out", "mine"]].concat());
    assert!(ran.out.contains("rejected 1"), "{}{}", ran.out, ran.err);
    let text = operations(&scene, "mine");
    assert!(text.contains("symbol.remove"), "{text}");
    let report: Value = serde_json::from_str(&scene.read("mine/report.json")).expect("JSON");
    let accounting = &report["accounting"];
    let number = |name: &str| accounting[name].as_u64().expect("a number");
    let places = ["covered", "ambiguous", "without_successor", "unseen"].map(number);
    assert_eq!(places.iter().sum::<u64>(), number("gone"), "{accounting}");
    assert!(report["without_successor"].to_string().contains("not the same"), "{report}");
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    let apply = ["migrate", "apply", "--manifest", "mine", "--target", "app"];
    let ran = with_code(scene.onx(&apply), 0);
    assert!(scene.read("app/main.py").contains("Square"), "{}", ran.out);
}

#[test]
fn decisions_that_cannot_be_carried_out_are_refused_as_a_whole() {
    let scene = scene();
    let items = open(&scene, "bundle", "1");
    let id = items.iter().find(|item| !item["kind"].is_null()).expect("an operation")["item"]
        .as_str()
        .expect("an id")
        .to_owned();
    let review = |further: &[&str]| {
        scene.onx(&[&["manifest", "review", "bundle", "--out", "mine"][..], further].concat())
    };
    with_code(review(&["--accept", &id]), 2);
    refused(review(&["--accept", "OP999", "--reason", "x"]), 2, "neither an operation nor");
    refused(review(&["--accept", &id, "--reject", &id, "--reason", "x"]), 2, "two decisions");
    let nowhere = format!("{id}=yourlib.nowhere");
    refused(review(&["--edit", &nowhere, "--reason", "x"]), 2, "has no `yourlib.nowhere`");
    scene.write("decisions.yaml", "- {item: OP001, verdict: perhaps, reason: x}\n");
    refused(review(&["--decisions", "decisions.yaml"]), 2, "cannot be read");
    scene.write("decisions.yaml", "[]\n");
    refused(review(&["--decisions", "decisions.yaml"]), 2, "holds no decision");
    assert!(!scene.work().join("mine").exists());
    scene.write("decisions.yaml", &format!("- {{item: {id}, verdict: accepted, reason: right}}\n"));
    let ran = review(&["--decisions", "decisions.yaml"]);
    assert!(ran.out.contains("accepted 1"), "{}{}", ran.out, ran.err);
}

/// Runs a command with a terminal as its standard input, and types there what comes in.
const AT_A_TERMINAL: &str = "\
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=theirs)
os.close(theirs)
try:
    while line := os.read(0, 4096):
        os.write(ours, line)
    os.write(ours, bytes([4]) * 2)
except OSError:
    pass
sys.exit(child.wait())
";

/// A review in a terminal.
struct Typing {
    child: Child,
}

impl Typing {
    fn start(scene: &Scene, arguments: &[&str]) -> Self {
        let mut command = scene.command("python3");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.args(["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_onx"), "manifest", "review"]);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().expect("python3 starts") }
    }

    fn types(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().expect("a terminal");
        input.write_all(text.as_bytes()).expect("it is typed");
    }

    /// What it printed, after the end of the input.
    fn ends(mut self) -> Ran {
        drop(self.child.stdin.take());
        self.child.wait_with_output().expect("it ends").into()
    }
}

/// A whole review in a terminal.
fn talk(scene: &Scene, arguments: &[&str], input: &str) -> Ran {
    let mut typing = Typing::start(scene, arguments);
    typing.types(input);
    typing.ends()
}

/// The file with the decisions that are kept, if there are any.
fn kept(scene: &Scene) -> Option<PathBuf> {
    let folder = std::fs::read_dir(scene.state().join("reviews")).ok()?;
    let mut paths = folder.map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.extension().is_some_and(|it| it == "json"))
}

/// Waits until so many decisions are kept.
fn wait_for(scene: &Scene, count: usize) {
    let begin = Instant::now();
    let so_many = || {
        let bytes = std::fs::read(kept(scene)?).ok()?;
        serde_json::from_slice::<Vec<Value>>(&bytes).ok().map(|kept| kept.len())
    };
    while so_many() != Some(count) {
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?} are kept", so_many());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_was_decided_about_one_manifest_is_not_carried_out_on_another() {
    let scene = scene();
    let mut typing = Typing::start(&scene, &["bundle", "--below", "1", "--out", "mine"]);
    typing.types("r\nnot so\n");
    wait_for(&scene, 1);
    // Another operation comes first now, and has the id that was decided about.
    for version in ["old", "new"] {
        let path = format!("{version}/yourlib/shapes.py");
        let name = if version == "old" { "Angle" } else { "Corner" };
        let text = format!("class {name}:\n    \"\"\"Degrees.\"\"\"\n\n    degrees = 90\n\n\n");
        scene.write(&path, &(text + &scene.read(&path)));
    }
    with_code(scene.onx(&GENERATE), 0);
    let before = scene.files("bundle");
    typing.types("w\n");
    refused(typing.ends(), 4, "was made anew since it was shown");
    assert!(!scene.work().join("mine").exists());
    assert_eq!(scene.files("bundle"), before);
    assert!(kept(&scene).is_some(), "what was decided may be looked up");
    let ran = talk(&scene, &["bundle", "--below", "1"], "");
    assert!(!ran.err.contains("going on"), "{}", ran.err);
}

#[test]
fn what_waits_is_written_only_when_that_is_asked_for() {
    let scene = scene();
    let ran = talk(&scene, &["bundle", "--below", "1", "--out", "mine"], "r\nnot so\nq\n");
    assert!(with_code(ran, 1).err.contains("1 decision is kept"));
    let other_kind = ["bundle", "--kind", "config.key_rename", "--out", "mine"];
    let ran = with_code(talk(&scene, &other_kind, ""), 1);
    assert!(ran.err.contains("1 decision made before, 1 of them about what is not"), "{}", ran.err);
    assert!(ran.out.contains("1 decision is made"), "{}", ran.out);
    assert!(!scene.work().join("mine").exists());
    wait_for(&scene, 1);

    let ran = talk(&scene, &other_kind, "w\n");
    assert!(ran.out.contains("rejected 1"), "{}{}", ran.out, ran.err);
    assert!(scene.work().join("mine/manifest.yaml").exists());
    assert_eq!(kept(&scene), None, "it stands in a manifest now");
}

#[test]
fn decisions_on_the_command_line_say_what_waits_beside_them() {
    let scene = scene();
    let first = talk(&scene, &["bundle", "--below", "1"], "r\nnot so\nq\n");
    with_code(first, 1);
    let decided = &open(&scene, "bundle", "1")[0]["item"];
    let other = open(&scene, "bundle", "1")[1]["item"].as_str().expect("a name").to_owned();
    let reject = ["manifest", "review", "bundle", "--reject", &other, "--reason", "no"];
    let ran = scene.onx(&[&reject[..], &["--out", "mine"]].concat());
    let path = kept(&scene).expect("a file");
    let path = path.to_str().expect("a path");
    assert!(ran.err.contains("1 decision of an earlier review"), "{}", ran.err);
    assert!(ran.err.contains(&format!("--decisions {path}")), "{}", ran.err);
    let report: Value = serde_json::from_str(&scene.read("mine/report.json")).expect("JSON");
    assert_eq!(report["reviewed"].as_array().map(Vec::len), Some(1), "{decided} waits");

    let ran = scene.onx(&[&reject[..], &["--decisions", path, "--out", "both"]].concat());
    assert!(ran.out.contains("rejected 2"), "{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("earlier review"), "{}", ran.err);
}

#[test]
fn two_reviews_of_one_manifest_keep_each_others_decisions() {
    let scene = scene();
    let review = ["bundle", "--below", "1", "--out", "mine"];
    let mut first = Typing::start(&scene, &review);
    first.types("r\nnot so\n");
    wait_for(&scene, 1);
    let mut second = Typing::start(&scene, &review);
    second.types("r\nno use\n");
    wait_for(&scene, 2);
    first.types("w\n");
    let ran = first.ends();
    assert!(ran.out.contains("rejected 1"), "{}{}", ran.out, ran.err);
    wait_for(&scene, 1);
    let ran = second.ends();
    assert!(ran.err.contains("1 decision is kept"), "{}", ran.err);
}

#[test]
fn a_decision_is_checked_against_the_versions_that_were_read_when_the_review_began() {
    let scene = scene();
    let review = ["bundle", "--below", "0", "--out", "mine"];
    let mut typing = Typing::start(&scene, &review);
    typing.types("e\nyourlib.shapes.nowhere\nwhy\nr\nfirst\n");
    wait_for(&scene, 1);
    let path = scene.work().join("bundle/snapshot_to.json");
    let snapshot = std::fs::read(&path).expect("a snapshot");
    std::fs::write(&path, "{}").expect("a file");
    typing.types("b\ne\nyourlib.shapes.burden\nsecond\n");
    let again = || std::fs::read_to_string(kept(&scene)?).ok().filter(|it| it.contains("second"));
    let begin = Instant::now();
    while again().is_none() && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::fs::write(&path, snapshot).expect("a file");
    typing.types("w\n");
    let ran = with_code(typing.ends(), 0);
    assert!(ran.out.contains("has no `yourlib.shapes.nowhere`"), "{}", ran.out);
    assert!(ran.out.contains("edited 1"), "{}{}", ran.out, ran.err);
}

/// Lets the report say that another name is open, with the successors of the one that is.
fn open_name(scene: &Scene, name: &str) {
    let mut report: Value = serde_json::from_str(&scene.read("bundle/report.json")).expect("JSON");
    let open_names = report["ambiguous"].as_array_mut().expect("open names");
    let mut other = open_names[0].clone();
    other["name"] = name.into();
    open_names.push(other);
    report["accounting"]["ambiguous"] = 2.into();
    scene.write("bundle/report.json", &report.to_string());
}

#[test]
fn decisions_that_cannot_be_written_together_are_corrected_in_the_same_review() {
    let scene = scene();
    // An operation says already what became of the class.
    open_name(&scene, "yourlib.shapes.Square");
    let review = ["bundle", "--below", "0", "--out", "mine"];
    let ran = with_code(talk(&scene, &review, "s\nr\nnot so\nw\n"), 1);
    assert!(ran.out.contains("operations stand against what was decided"), "{}", ran.out);
    let path = kept(&scene).expect("a file");
    assert!(ran.out.contains(&format!("is kept in `{}`", path.display())), "{}", ran.out);
    assert!(!scene.work().join("mine").exists());
    wait_for(&scene, 1);

    let ran = talk(&scene, &review, "s\nw\nb\nu\nb\nr\nno use\nw\n");
    assert!(ran.out.contains("rejected before: not so"), "{}", ran.out);
    assert!(ran.out.contains("rejected 1"), "{}{}", ran.out, ran.err);
    assert_eq!(kept(&scene), None);
}

#[test]
fn names_that_differ_in_their_letters_are_two_items() {
    let scene = scene();
    open_name(&scene, "yourlib.shapes.Weigh");
    let input = "r\nno use\nr\n\nw\n";
    let ran = talk(&scene, &["bundle", "--below", "0", "--unchecked", "--out", "mine"], input);
    assert!(with_code(ran, 0).out.contains("rejected 2"));
    let again = ["--reject", "yourlib.shapes.weigh", "--reject", "yourlib.shapes.weigh"];
    let review = ["manifest", "review", "bundle", "--reason", "x", "--unchecked"];
    refused(scene.onx(&[&review[..], &again].concat()), 2, "two decisions are about");
}

/// Another person with a key of his own on the same machine.
fn person(scene: &Scene, name: &str) {
    let owner = format!("{name}@example.org");
    let new = ["keys", "new", name, "--owner", &owner, "--kind", "approval", "--kind", "manifest"];
    with_code(scene.onx(&new), 0);
}

#[test]
fn nothing_is_published_or_applied_without_the_approvals_that_the_policy_asks_for() {
    let scene = scene();
    person(&scene, "ada");
    person(&scene, "bob");
    let set = [
        "policy",
        "set",
        "--holder",
        "maintainer=ada@example.org,bob@example.org,local:user",
        "--require",
        "publish=maintainer:2",
    ];
    let shown = with_code(scene.onx(&set), 0).out;
    assert!(shown.contains("2 × maintainer of ada@example.org"), "{shown}");
    assert!(shown.contains("apply     needs no approval"), "{shown}");
    let publish = ["manifest", "publish", "bundle"];
    refused(scene.onx(&publish), 4, "may not be used for `publish`");

    let approve = |key: &str, manifest: &str| {
        let words = ["manifest", "approve", manifest, "--for", "publish", "--role", "maintainer"];
        scene.onx(&[&words[..], &["--key", key]].concat())
    };
    refused(approve("local", "bundle"), 4, "would not count");
    let missing = scene.onx(&["manifest", "approvals", "bundle", "--for", "publish"]);
    assert!(with_code(missing, 1).out.contains("missing: 2 × maintainer"));
    with_code(approve("ada", "bundle"), 0);
    let longer = ["--role", "maintainer", "--key", "ada", "--days", "20"];
    let again = ["manifest", "approve", "bundle", "--for", "publish"];
    with_code(scene.onx(&[&again[..], &longer].concat()), 0);
    refused(scene.onx(&publish), 4, "1 × maintainer");
    with_code(approve("bob", "bundle"), 0);
    let there = with_code(scene.onx(&["manifest", "approvals", "bundle"]), 0).out;
    assert!(there.contains("bob@example.org as maintainer"), "{there}");
    with_code(scene.onx(&publish), 0);
    let log = with_code(scene.onx(&["audit", "show"]), 0).out;
    assert_eq!(log.matches("approval given").count(), 3, "{log}");
    assert!(log.contains("policy set"), "{log}");
}

#[test]
fn a_changed_byte_and_a_revoked_key_void_an_approval() {
    let scene = scene();
    person(&scene, "ada");
    let set = ["policy", "set", "--holder", "owner=ada@example.org", "--require", "apply=owner"];
    with_code(scene.onx(&set), 0);
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    let apply = |manifest: &str| {
        let words = ["migrate", "apply", "--manifest", manifest, "--target", "app"];
        scene.onx(&[&words[..], &["--auto-apply-threshold", "0"]].concat())
    };
    let approve = ["manifest", "approve", "bundle", "--for", "apply", "--role", "owner"];
    with_code(scene.onx(&[&approve[..], &["--key", "ada"]].concat()), 0);
    let approvals = scene.read("bundle/manifest.approvals.jsonl");

    // The manifest that somebody made of it afterwards is another one.
    let id = open(&scene, "bundle", "1")[0]["item"].as_str().expect("an id").to_owned();
    let decide = ["manifest", "review", "bundle", "--reject", &id, "--reason", "no"];
    scene.onx(&[&decide[..], &["--out", "mine"]].concat());
    scene.write("mine/manifest.approvals.jsonl", &approvals);
    refused(apply("mine"), 4, "it approves something else");

    let list = with_code(scene.onx(&["keys", "list"]), 0).out;
    let line = list.lines().find(|line| line.contains("ada@example.org")).expect("a key");
    let key = line.split_whitespace().next().expect("an id").to_owned();
    with_code(scene.onx(&["keys", "revoke", &key, "--reason", "left the team"]), 0);
    refused(apply("bundle"), 4, "revoked");
    assert!(scene.read("app/main.py").contains("Square"));
    with_code(scene.onx(&["policy", "remove", "--reason", "one member"]), 0);
    with_code(apply("bundle"), 0);
    assert!(scene.read("app/main.py").contains("Quadrat"));
}

#[test]
fn approvals_go_from_one_machine_to_another() {
    let scene = scene();
    let other = Scene::empty();
    std::fs::remove_dir_all(other.configuration()).expect("no keys");
    for (path, bytes) in scene.files("bundle") {
        let path = other.work().join("bundle").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
    let key = |of: &Scene, name: &str| with_code(of.onx(&["keys", "show", name]), 0).out;
    other.write("local.key.json", &key(&scene, "local"));
    let trust = ["keys", "trust", "local.key.json", "--owner", "local:user"];
    with_code(other.onx(&trust), 0);
    person(&other, "ada");
    let approve = ["manifest", "approve", "bundle", "--for", "publish", "--role", "maintainer"];
    with_code(other.onx(&[&approve[..], &["--key", "ada"]].concat()), 0);

    scene.write("ada.key.json", &key(&other, "ada"));
    let trust = ["keys", "trust", "ada.key.json", "--owner", "ada@example.org"];
    with_code(scene.onx(&[&trust[..], &["--kind", "approval"]].concat()), 0);
    let set = ["policy", "set", "--holder", "maintainer=ada@example.org"];
    with_code(scene.onx(&[&set[..], &["--require", "publish=maintainer"]].concat()), 0);
    scene.write("hers.jsonl", &other.read("bundle/manifest.approvals.jsonl"));
    scene.write("broken.jsonl", "{}\n");
    let add = |file: &str| scene.onx(&["manifest", "approvals", "bundle", "--add", file]);
    refused(add("broken.jsonl"), 2, "cannot be read");
    let taken = with_code(add("hers.jsonl"), 0);
    assert!(taken.err.contains("1 approval was taken up"), "{}", taken.err);
    with_code(scene.onx(&["manifest", "publish", "bundle"]), 0);
}
