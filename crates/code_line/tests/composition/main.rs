//! A composed manifest does what its parts do one after the other, or a finding says where not.
#![expect(clippy::expect_used, reason = "tests stop at the first surprise")]

mod library;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use artifact::{Finding, Severity, TreePath};
use code_change::{CompositionStep, OuterVersions, Provenance, Rules, compose, synthesize};
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Change;
use code_model::snapshot::Snapshot;
use code_rewrite::{Applicability, DependentFile, NoReceivers, Plan, PlanOptions, Rewriter};
use proptest::prelude::*;
use python::parse::ParsedFile;
use python::references::{ArgumentForm, FileReferences, NoStarExports, ReferenceOptions};

use self::library::{Item, Library, Tape};

/// Uses everything that a library has, in several ways.
fn dependent(library: &Library, tape: &mut Tape<'_>) -> String {
    let mut imports = String::new();
    let mut body = String::new();
    for module in &library.modules {
        let path = format!("pkg.{}", module.name);
        let form = tape.below(3);
        match form {
            0 => {
                let _ = writeln!(imports, "import {path}");
            }
            1 => {
                let _ = writeln!(imports, "from pkg import {} as m_{}", module.name, module.name);
            }
            _ => {}
        }
        for item in &module.items {
            let reach = match form {
                0 => format!("{path}.{}", item.name),
                1 => format!("m_{}.{}", module.name, item.name),
                _ => {
                    let local = format!("{}_{}", module.name, item.name);
                    let _ = writeln!(imports, "from {path} import {} as {local}", item.name);
                    local
                }
            };
            let _ = writeln!(body, "{reach}({})", call(item, tape));
            for method in &item.methods {
                let _ = writeln!(body, "{reach}.{}(None)", method.name);
            }
        }
    }
    format!("{imports}\n{body}")
}

/// Some arguments by position, others by keyword.
fn call(item: &Item, tape: &mut Tape<'_>) -> String {
    let count = item.parameters.len();
    let by_position = tape.below(count + 1);
    let parts = item.parameters.iter().enumerate().map(|(at, parameter)| {
        if at < by_position { at.to_string() } else { format!("{}={at}", parameter.name) }
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The text that comes out, and whether something is left for a person.
fn apply(text: &str, manifest: &Manifest, from: &Snapshot, to: &Snapshot) -> (String, bool) {
    let options = PlanOptions { still_on_old_version: true, ..PlanOptions::default() };
    let plan = Plan::compile(manifest, &options);
    let (from, to) = (Some(ApiIndex::new(from)), Some(ApiIndex::new(to)));
    let file = DependentFile {
        path: TreePath::new("app.py").expect("a path"),
        content: text.as_bytes().into(),
        module: None,
    };
    let rewriter = Rewriter::new(&plan, from, to, Applicability::Safe);
    let result = rewriter.rewrite(std::slice::from_ref(&file), &NoReceivers).remove(0);
    let bytes = result.content.unwrap_or_else(|| file.content.to_vec());
    let is_left = result.findings.iter().any(|finding| finding.severity != Severity::Note);
    (String::from_utf8(bytes).expect("UTF-8"), is_left)
}

/// What a text reaches and how it calls it, whatever its imports look like.
fn meaning(text: &str) -> Vec<(String, String)> {
    let parsed = ParsedFile::parse(text.as_bytes()).expect("Python");
    assert!(parsed.syntax_error().is_none(), "{text}");
    let roots = BTreeSet::from([DottedName::new("pkg").expect("a name")]);
    let options = ReferenceOptions {
        roots: &roots,
        distribution: None,
        module: None,
        is_package: false,
        members: &|_| false,
        star: &NoStarExports,
        dependent: None,
    };
    let references = FileReferences::read(&parsed, &options);
    let text = parsed.text();
    let written = references.references.iter().map(|reference| {
        let target = reference.target().map(ToString::to_string).unwrap_or_default();
        let arguments = reference.call.and_then(|call| references.call(call)).map(|call| {
            let argument = |argument: &python::references::Argument| match &argument.form {
                ArgumentForm::Keyword { name, .. } => {
                    format!("{name}={}", argument.value.of(text))
                }
                _ => argument.value.of(text).to_owned(),
            };
            call.arguments.iter().map(argument).collect::<Vec<_>>().join(", ")
        });
        (target, arguments.unwrap_or_default())
    });
    written.collect()
}

/// Whether two texts mean the same. What is gone in the end is left as it was by the whole, under
/// whatever name between by the parts: neither is there any more.
fn is_same(whole: &[(String, String)], parts: &[(String, String)], composed: &Manifest) -> bool {
    let is_gone = |target: &str| {
        let target = DottedName::new(target).ok();
        composed.operations.iter().any(|operation| match &operation.change {
            Change::SymbolRemove { name } => {
                target.as_ref().is_some_and(|target| target.below(name).is_some())
            }
            _ => false,
        })
    };
    whole.len() == parts.len()
        && whole.iter().zip(parts).all(|(one, other)| one == other || is_gone(&one.0))
}

/// Warnings: where the whole is not its parts.
fn warnings(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.severity != Severity::Note).collect()
}

fn check(numbers: &[u16]) -> Result<bool, TestCaseError> {
    let tape = &mut Tape::new(numbers);
    let mut versions = vec![Library::new(tape)];
    for _ in 0..2 + tape.below(2) {
        let next = versions[versions.len() - 1].changed(tape);
        versions.push(next);
    }
    let labels: Vec<String> = (1..=versions.len()).map(|number| number.to_string()).collect();
    let snapshots: Vec<Snapshot> =
        versions.iter().zip(&labels).map(|(version, label)| version.snapshot(label)).collect();
    let manifests: Vec<Manifest> = (1..versions.len())
        .map(|at| versions[at - 1].manifest_to(&versions[at], [&labels[at - 1], &labels[at]]))
        .collect();
    let steps: Vec<CompositionStep<'_>> = manifests
        .iter()
        .map(|manifest| CompositionStep { manifest, digest: manifest.digest(), report: None })
        .collect();
    let (first, last) = (&snapshots[0], &snapshots[snapshots.len() - 1]);
    let outer = OuterVersions { from: first, to: last };
    let inference = compose(&steps, Some(outer), None);
    let (composed, report) =
        synthesize(first, last, &inference, &Rules::default(), &Provenance::default())
            .expect("a manifest");
    prop_assert!(report.accounting.is_complete());
    prop_assert_eq!(&Manifest::read(composed.write().as_bytes()).expect("valid"), &composed);

    let before = dependent(&versions[0], tape);
    let mut parts = before.clone();
    for (at, manifest) in manifests.iter().enumerate() {
        parts = apply(&parts, manifest, &snapshots[at], &snapshots[at + 1]).0;
    }
    let (whole, is_left) = apply(&before, &composed, first, last);
    let equal = is_same(&meaning(&whole), &meaning(&parts), &composed);
    prop_assert!(
        equal || is_left || !warnings(&report.findings).is_empty(),
        "not said:\n{}\n--- before\n{before}\n--- parts\n{parts}\n--- whole\n{whole}",
        composed
            .operations
            .iter()
            .map(|operation| operation.change.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    );
    Ok(equal)
}

#[test]
fn compositions_are_their_parts_or_say_where_not() {
    // The finding must not be the way out of everything.
    let mut state = 1_u32;
    let mut equal = 0;
    for _ in 0..200 {
        let numbers: Vec<u16> = (0..120)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as u16
            })
            .collect();
        equal += u32::from(check(&numbers).expect("said"));
    }
    assert!(equal >= 180, "only {equal} of 200 are equal");
}

proptest! {
    // `PROPTEST_CASES` asks for more of them.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_compositions_are_their_parts_or_say_where_not(
        numbers in proptest::collection::vec(any::<u16>(), 120),
    ) {
        check(&numbers)?;
    }
}
