//! Files that are made from the code: JSON Schemas of everything that onx writes, and the pages on
//! formats, commands and exit codes. `scripts/generate` writes them anew.
#![expect(clippy::expect_used, reason = "a page that cannot be made is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use clap::Command;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use testkit::fixture;
use testkit::repository::{self, Repository};

/// One format: what is written where, and its schema.
struct Format {
    /// The noun and version, which name the schema's file.
    name: &'static str,
    /// The files of that format, as a user meets them.
    files: &'static str,
    /// The syntax.
    syntax: &'static str,
    schema: Schema,
}

fn formats() -> Vec<Format> {
    let mut formats = code_formats();
    formats.extend(spine_formats());
    formats
}

/// The formats of the code line.
fn code_formats() -> Vec<Format> {
    use code_line::application::ApplicationRecord;
    use code_line::apply::ApplicationReport;
    use code_line::approvals::ApprovalStanding;
    use code_line::bundle::{Stamps, SymbolGraph, TreeDocument};
    use code_line::checkpoint::Checkpoint;
    use code_line::compat::CompatAnswer;
    use code_line::compose::ComposeAnswer;
    use code_line::diff::DiffAnswer;
    use code_line::explain::Explanation;
    use code_line::generate::{GenerateAnswer, VerificationReport};
    use code_line::records::{RollbackAnswer, StatusAnswer};
    use code_line::review::{ReviewAnswer, ReviewDecision, ReviewItem};
    use code_line::semver::SemverAnswer;
    use code_line::settings::{Settings, TargetSettings};
    use code_line::template::{AddAnswer, Template};
    use code_line::trial::TrialReport;
    use code_line::verify::VerifyAnswer;
    use code_model::difference::DifferenceSet;
    use code_model::manifest::Manifest;
    use code_model::report::Report;
    use code_model::snapshot::Snapshot;

    vec![
        format::<Manifest>("manifest-1", "`manifest.yaml`", "YAML"),
        format::<Report>("report-1", "`report.json`", "JSON"),
        format::<DifferenceSet>("differences-1", "`differences.json`", "JSON"),
        format::<Snapshot>("snapshot-1", "`snapshot_from.json`, `snapshot_to.json`", "JSON"),
        format::<SymbolGraph>("graph-1", "`graph_from.json`, `graph_to.json`", "JSON"),
        format::<Stamps>("metadata-1", "`metadata.json`", "JSON"),
        format::<TreeDocument>("tree-2", "`tree_from.tree`, `tree_to.tree`", "YAML"),
        format::<Settings>("onx-toml-1", "`onx.toml`", "TOML"),
        format::<TargetSettings>("tool-onx-1", "`[tool.onx]` in `pyproject.toml`", "TOML"),
        format::<ApplicationReport>("application_report-1", "`application_report.json`", "JSON"),
        format::<TrialReport>("trial_report-1", "`trial_report.json`", "JSON"),
        format::<CompatAnswer>("compat-answer-1", "what `compat --json` prints", "JSON"),
        format::<ApplicationRecord>("application-1", "records in the state folder", "JSON"),
        format::<Checkpoint>("checkpoint-1", "`checkpoint.json`", "JSON"),
        format::<VerificationReport>("verification_report-1", "`verification.json`", "JSON"),
        format::<Template>("template-1", "templates of operations", "TOML"),
        format::<GenerateAnswer>("generate-answer-1", "what `generate --json` prints", "JSON"),
        format::<VerifyAnswer>("verify-answer-1", "what `verify --json` prints", "JSON"),
        format::<DiffAnswer>("diff-answer-1", "what `diff --json` prints", "JSON"),
        format::<SemverAnswer>("semver-answer-1", "what `semver --json` prints", "JSON"),
        format::<ComposeAnswer>("compose-answer-1", "what `compose --json` prints", "JSON"),
        format::<Explanation>("explain-answer-1", "what `explain --json` prints", "JSON"),
        format::<AddAnswer>("template-add-answer-1", "what `template add --json` prints", "JSON"),
        format::<ReviewAnswer>("review-answer-1", "what `review --json` prints", "JSON"),
        format::<ReviewItem>(
            "review-item-1",
            "items of what `review --list --json` prints",
            "JSON",
        ),
        format::<ReviewDecision>("review-decision-1", "items of a file of decisions", "YAML"),
        format::<ApprovalStanding>(
            "approval-standing-1",
            "what `approve --json` prints, items of what `approvals --json` prints",
            "JSON",
        ),
        format::<StatusAnswer>("status-answer-1", "what `status --json` prints", "JSON"),
        format::<RollbackAnswer>("rollback-answer-1", "what `rollback --json` prints", "JSON"),
        format::<run::JournalEntry>("journal-1", "lines of `events.jsonl`", "JSON"),
        format::<store::ImportReport>("migration_report-1", "`migration_report.json`", "JSON"),
        format::<run::Task>("task-1", "what `tasks add`, `list` and `archive` print", "JSON"),
        format::<run::Run>("run-1", "what `runs list --json` prints", "JSON"),
    ]
}

/// The formats of the store, of runs and of the registry.
fn spine_formats() -> Vec<Format> {
    vec![
        format::<cli::TaskAnswer>("task-answer-1", "what `tasks show --json` prints", "JSON"),
        format::<cli::PublishAnswer>("publish-answer-1", "what `publish --json` prints", "JSON"),
        format::<cli::FetchAnswer>("fetch-answer-1", "what `fetch --json` prints", "JSON"),
        format::<registry::Entry>("registry-entry-1", "`entry.json` of a registry", "JSON"),
        format::<cli::AppliedItem>(
            "applied-item-1",
            "items of what `history --all --json` prints",
            "JSON",
        ),
        format::<cli::SignedFileAnswer>(
            "signed-file-answer-1",
            "what `keys verify --json` prints",
            "JSON",
        ),
        format::<ledger::Statement<ledger::CheckpointTaken>>(
            "checkpoint-statement-1",
            "the payload of a signed checkpoint",
            "JSON",
        ),
        format::<ledger::Statement<ledger::EvidenceGathered>>(
            "evidence-statement-1",
            "the payload of a signed report",
            "JSON",
        ),
        format::<cli::KeyItem>("key-item-1", "items of what `keys list --json` prints", "JSON"),
        format::<cli::AuditAnswer>("audit-answer-1", "what `audit verify --json` prints", "JSON"),
        format::<cli::AuditProof>("audit-proof-1", "what `audit prove` prints", "JSON"),
        format::<ledger::AuditEntry>("audit-entry-1", "lines of `log.jsonl`", "JSON"),
        format::<ledger::TrustedKeys>("trusted-keys-1", "`trusted.json` of the keys", "JSON"),
        format::<ledger::ApprovalPolicy>("approval-policy-1", "`approval-policy.json`", "JSON"),
        format::<ledger::Statement<ledger::ApprovalGiven>>(
            "approval-statement-1",
            "the payloads of the lines of `*.approvals.jsonl`",
            "JSON",
        ),
        format::<ledger::Envelope>("envelope-1", "`*.dsse.json` beside what is signed", "JSON"),
        format::<ledger::Statement<ledger::ManifestMade>>(
            "manifest-statement-1",
            "the payload of a signed manifest",
            "JSON",
        ),
        format::<registry::roles::TrustDocument>(
            "registry-trust-1",
            "what is trusted of a registry with roles",
            "JSON",
        ),
        format::<cli::EventItem>("event-item-1", "lines of what `events` prints", "JSON"),
        format::<cli::GcAnswer>("gc-answer-1", "what `gc --json` prints", "JSON"),
        format::<run::TaskPlan>("task-plan-1", "`plan` in the metadata of a task", "JSON"),
        format::<run::Plan>("run-plan-1", "`plan.json` of a run", "JSON"),
        format::<store::ExecutorReport>(
            "executor-report-1",
            "`executor_report.json` of a run",
            "JSON",
        ),
        format::<cli::RunAnswer>("run-answer-1", "what `runs show --json` prints", "JSON"),
        format::<cli::ImportAnswer>(
            "import-answer-1",
            "what `tasks import-legacy --json` prints",
            "JSON",
        ),
        format::<store::Recovery>(
            "recovery-answer-1",
            "what `tasks import-legacy --recover --json` prints",
            "JSON",
        ),
        format::<code_line::ErrorReport>("error-1", "`error` in what `--json` prints", "JSON"),
    ]
}

fn format<T: JsonSchema>(name: &'static str, files: &'static str, syntax: &'static str) -> Format {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    Format { name, files, syntax, schema }
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = Repository::here().root().join("schemas");
    let mut files = BTreeMap::new();
    for format in formats() {
        let text = serde_json::to_string_pretty(&sorted(format.schema.to_value()))
            .expect("a schema is JSON");
        files.insert(format!("{}.json", format.name), (text + "\n").into_bytes());
    }
    assert_eq!(fixture::check_folder(&folder, &files), Ok(()), "run scripts/generate");
}

#[test]
fn the_page_on_formats_is_that_of_the_types() {
    let mut page = String::from(
        "# Files\n\nWhat onx writes and reads. Every format has a version and a JSON Schema, made \
         from the same types that\nwrite it; a file of a higher version is refused with the version \
         that is needed. This page is made by\n`scripts/generate`.\n\n\
         | file | syntax | schema |\n|---|---|---|\n",
    );
    let formats = formats();
    for Format { name, files, syntax, .. } in &formats {
        _ = writeln!(page, "| {files} | {syntax} | [{name}](../schemas/{name}.json) |");
    }
    for format in &formats {
        page.push_str(&section(format));
    }
    check_page("formats.md", &page);
}

#[test]
fn the_page_on_commands_is_that_of_the_command_line() {
    let mut page = String::from(
        "# Commands\n\n`onx-manifest …` and `onx manifest …` are the same, and so are `onx-migrate …` \
         and `onx migrate …`.\nThis page is made by `scripts/generate` from the help of each command.\n",
    );
    let command = cli::command_line();
    describe(&command, "onx", &mut page);
    check_page("command-line.md", &page);
}

#[test]
fn the_page_on_exit_codes_is_that_of_the_kinds_of_errors() {
    let mut page = String::from(
        "# Exit codes\n\nStable, so that scripts may rely on them. This page is made by \
         `scripts/generate`.\n\n| code | meaning |\n|---:|---|\n",
    );
    let help = cli::command_line().render_long_help().to_string();
    let (_, codes) = help.split_once("Exit codes:").expect("the help lists them");
    for line in codes.lines().filter(|line| !line.trim().is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").expect("a code and its meaning");
        _ = writeln!(page, "| {code} | {} |", meaning.trim());
    }
    page.push_str(
        "\n## Errors\n\nWith `--json` an error is an object `error` with `kind`, `code`, `message`, \
         `detail` and\n`hint`; [its schema](../schemas/error-1.json).\n",
    );
    for (title, schema) in [
        (
            "The five kinds, which decide the exit code from 2 to 6",
            schema_of::<code_line::ErrorKind>(),
        ),
        ("The codes, which say what failed", schema_of::<code_line::ErrorCode>()),
    ] {
        _ = writeln!(page, "\n{title}:\n\n| value | meaning |\n|---|---|");
        for (value, meaning) in variants(&schema) {
            _ = writeln!(page, "| `{value}` | {meaning} |");
        }
    }
    check_page("exit-codes.md", &page);
}

#[test]
fn every_format_that_the_help_names_has_a_schema() {
    // The help of `generate` lists the files of a bundle; a file without a row here is
    // undocumented.
    let known: String = formats().iter().map(|format| format.files).collect();
    let help = help_of(&cli::command_line(), &["manifest", "generate"]);
    let listed = help.lines().filter_map(|line| line.split_whitespace().next());
    let missing: BTreeSet<_> = listed
        .filter(|word| word.ends_with(".json") || word.ends_with(".yaml"))
        .map(|word| word.replace("{from,to}", "from"))
        .filter(|word| !known.contains(word.as_str()))
        .collect();
    assert_eq!(missing, BTreeSet::new(), "files without a schema");
}

fn check_page(name: &str, page: &str) {
    let path = Repository::here().root().join("docs").join(name);
    assert_eq!(fixture::check_file(&path, page.as_bytes()), Ok(()), "run scripts/generate");
    assert!(repository::links(page).iter().all(|link| link.starts_with("../schemas/")));
}

fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// The words of an enumeration with what each means.
fn variants(schema: &Value) -> Vec<(String, String)> {
    schema["oneOf"]
        .as_array()
        .expect("every value is described")
        .iter()
        .map(|each| (text(&each["const"]), text(&each["description"])))
        .collect()
}

fn section(format: &Format) -> String {
    let schema = format.schema.clone().to_value();
    let mut out = format!("\n## {}\n\n", format.files);
    _ = writeln!(out, "{}", text(&schema["description"]).replace('\n', " "));
    let Some(properties) = schema["properties"].as_object() else { return out };
    let required: BTreeSet<_> =
        schema["required"].as_array().into_iter().flatten().map(text).collect();
    out.push_str("\n| field | | meaning |\n|---|---|---|\n");
    for (name, property) in properties {
        let must = if required.contains(name) { "" } else { "may be absent" };
        let meaning = text(&property["description"]).replace('\n', " ").replace('|', "\\|");
        _ = writeln!(out, "| `{name}` | {must} | {meaning} |");
    }
    out
}

fn describe(command: &Command, path: &str, page: &mut String) {
    let mut command = command.clone().color(clap::ColorChoice::Never).term_width(98);
    let help = command.render_long_help().to_string();
    let help: String = help.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    _ = write!(page, "\n## {path}\n\n```text\n{}\n```\n", help.trim_end());
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        describe(
            &below.clone().bin_name(format!("{path} {}", below.get_name())),
            &format!("{path} {}", below.get_name()),
            page,
        );
    }
}

fn help_of(command: &Command, path: &[&str]) -> String {
    let found = path.iter().fold(command.clone(), |command, name| {
        command.find_subcommand(name).expect("the command exists").clone()
    });
    found.clone().render_long_help().to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The same value with the names of every object in order, so that the bytes are stable.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
