//! Every template is filled in, applied and judged; every kind of operation has a witness.

use std::collections::{BTreeMap, BTreeSet};

use code_change::{Addition, amend};
use code_model::manifest::Manifest;
use code_model::operation::Change;
use serde_json::json;

use super::definition::{FILES, Repaired, Template, library};
use super::instance::instantiate;
use crate::witness::{TwoVersions, Witness, WitnessVerdict, rehearse, witness};

fn versions(template: &Template) -> TwoVersions {
    TwoVersions::of_texts(&template.example.old, &template.example.new)
}

/// An empty manifest to which the template's example was added.
fn manifest(template: &Template) -> Manifest {
    let empty: Manifest = serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "", "operations": [],
        "metadata": {
            "library": "yourlib", "packages": ["yourlib"], "from_version": "1", "to_version": "2",
            "from_reference": "1", "to_reference": "2", "generator": "by hand",
        },
        "summary": {"title": "", "breaking_changes": 0, "safe_changes": 0,
                    "manual_review_required": 0},
    }))
    .expect("a manifest");
    let changes = instantiate(template, &template.example.parameters).expect("it can be filled in");
    let additions: Vec<Addition> = changes
        .into_iter()
        .map(|(change, breaking)| Addition { change, breaking, reason: "an example".to_owned() })
        .collect();
    let amended = amend(&empty, empty.digest(), None, &additions, &BTreeSet::new());
    assert_eq!(amended.conflicts, [], "{}", template.name);
    amended.manifest
}

#[test]
fn the_folder_and_the_list_of_templates_are_the_same() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    let stem = |name: &str| name.strip_suffix(".toml").expect("a template").to_owned();
    let files: BTreeSet<String> =
        testkit::fixture::files(folder.as_ref()).into_keys().map(|name| stem(&name)).collect();
    let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, listed);
}

#[test]
fn every_kind_of_operation_has_a_template() {
    let templates = library().expect("templates");
    let kinds: BTreeSet<&str> = templates
        .iter()
        .flat_map(|template| template.operations.iter().map(|operation| operation.kind.as_str()))
        .collect();
    assert_eq!(kinds, Change::KINDS.into_iter().collect::<BTreeSet<&str>>());
}

#[test]
fn every_example_breaks_and_is_repaired_as_it_says() {
    for template in library().expect("templates") {
        let (example, name) = (&template.example, &template.name);
        let manifest = manifest(&template);
        assert_eq!(
            Manifest::read(manifest.write().as_bytes()).as_ref(),
            Ok(&manifest),
            "{name}: what comes out can be read"
        );
        let asked = example.repaired == Repaired::WhenAsked;
        let (file, before) = (&example.file, &example.before);
        let seen = rehearse(&manifest, &versions(&template), file, before, asked);
        assert_eq!(seen.fits_old, Vec::<String>::new(), "{name}: it fits the old version");
        assert_eq!(seen.after, example.after, "{name}");
        let left = seen.left.is_empty();
        assert_eq!(left, example.repaired != Repaired::ByAPerson, "{name}: {:?}", seen.left);
    }
}

#[test]
fn every_kind_of_operation_has_a_witness_that_breaks_and_is_repaired() {
    let mut kinds = BTreeMap::new();
    for template in library().expect("templates") {
        let (manifest, versions) = (manifest(&template), versions(&template));
        for operation in &manifest.operations {
            let found = witness(&manifest, operation, Some(&versions));
            let Witness { verdict, breaks, .. } =
                found.clone().unwrap_or_else(|| panic!("{}: no witness", template.name));
            assert!(!breaks.is_empty(), "{}: it breaks nothing", template.name);
            let expected = match template.example.repaired {
                Repaired::ByOnx => WitnessVerdict::Repaired,
                Repaired::WhenAsked => WitnessVerdict::RepairedWhenAsked,
                Repaired::ByAPerson => WitnessVerdict::LeftToAPerson,
            };
            assert_eq!(verdict, expected, "{} {}: {found:?}", template.name, operation.change);
            kinds.insert(operation.change.kind(), verdict);
        }
    }
    assert_eq!(kinds.len(), Change::KINDS.len());
}

#[test]
fn what_is_not_needed_has_a_witness_that_says_so() {
    let templates = library().expect("templates");
    let template = templates.iter().find(|t| t.name == "class-renamed").expect("it is there");
    // The old name is still there in the new version.
    let mut new = template.example.new.clone();
    new.insert("yourlib/shapes.py".to_owned(), "class Quadrat: ...\nSquare = Quadrat\n".to_owned());
    let versions = TwoVersions::of_texts(&template.example.old, &new);
    let manifest = manifest(template);
    let found = witness(&manifest, &manifest.operations[0], Some(&versions)).expect("a witness");
    assert_eq!(found.verdict, WitnessVerdict::WorksWithout);
    assert_eq!(found.breaks, Vec::<String>::new());
}

#[test]
fn what_is_said_wrongly_is_named() {
    let templates = library().expect("templates");
    let template = templates.iter().find(|t| t.name == "parameter-removed").expect("it is there");
    let said = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        instantiate(template, &pairs.collect())
    };
    let good = [("callable", "yourlib.f"), ("name", "x")];
    assert!(said(&good).is_ok());
    for (wrong, word) in [
        (vec![("callable", "yourlib.f")], "name is missing"),
        (vec![("callable", "f"), ("name", "x")], "no dotted name"),
        (vec![("callable", "yourlib.f"), ("name", "x y")], "no identifier"),
        (vec![("callable", "yourlib.f"), ("name", "x"), ("position", "-1")], "no number"),
        (vec![("callable", "yourlib.f"), ("name", "x"), ("place", "1")], "`place`"),
    ] {
        let error = said(&wrong).expect_err(word);
        let detail = error.report().detail.join("\n");
        assert!(detail.contains(word), "{detail}");
    }
}

#[test]
fn expressions_cannot_carry_statements() {
    let templates = library().expect("templates");
    let template = templates.iter().find(|t| t.name == "parameter-added").expect("it is there");
    for (expression, fits) in [
        ("None", true),
        ("f(1)[2]", true),
        ("1; import os", false),
        ("x = 1", false),
        (")(", false),
    ] {
        let said = BTreeMap::from([
            ("callable".to_owned(), "yourlib.f".to_owned()),
            ("name".to_owned(), "x".to_owned()),
            ("default".to_owned(), expression.to_owned()),
        ]);
        assert_eq!(instantiate(template, &said).is_ok(), fits, "{expression}");
    }
}
