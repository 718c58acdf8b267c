//! Breaking changes in the forms that continuous integration reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use artifact::Finding;
use code_model::report::{AcknowledgedBreakage, Breakage, Bump};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The breaking changes between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffAnswer {
    /// The library.
    pub library: String,
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// Whether anything breaks.
    pub breaking: bool,
    /// The smallest bump that the changes allow.
    pub demanded: Bump,
    /// What breaks, and what else users may notice.
    pub breakages: Vec<Breakage>,
    /// Changes that the library's maintainers intend; they break users and fail nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<AcknowledgedBreakage>,
    /// Acknowledgements that are unused, that cover everything, or that cannot be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl DiffAnswer {
    /// Those that break users.
    pub fn breaking(&self) -> impl Iterator<Item = &Breakage> {
        self.breakages.iter().filter(|breakage| breakage.bump == Bump::Major)
    }
}

/// A SARIF 2.1.0 log with one result for each breakage.
pub fn sarif(answer: &DiffAnswer) -> Value {
    let all = answer.breakages.iter().chain(answer.acknowledged.iter().map(|it| &it.breakage));
    let mut codes: BTreeSet<&str> = all.map(|breakage| breakage.code.as_str()).collect();
    codes.extend(answer.findings.iter().map(|finding| finding.code.as_str()));
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| json!({"id": code, "shortDescription": {"text": code.replace('-', " ")}}))
        .collect();
    let mut results: Vec<Value> = answer.breakages.iter().map(sarif_result).collect();
    results.extend(answer.acknowledged.iter().map(|acknowledged| {
        let mut result = sarif_result(&acknowledged.breakage);
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": acknowledged.reason,
        }]);
        result
    }));
    results.extend(answer.findings.iter().map(|finding| {
        json!({
            "ruleId": finding.code,
            "level": "warning",
            "message": {"text": finding.message},
        })
    }));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "onx",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}

fn sarif_result(breakage: &Breakage) -> Value {
    json!({
        "ruleId": breakage.code,
        "level": if breakage.bump == Bump::Major { "error" } else { "note" },
        "message": {"text": sentence(breakage)},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(breakage.file.as_str()), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": breakage.line.max(1)},
        }}],
        "partialFingerprints": {"accessPath/v1": format!("{}:{}", breakage.code, breakage.path)},
    })
}

/// Annotations as GitHub's workflows read them from the log.
pub fn github_annotations(answer: &DiffAnswer) -> String {
    let mut out = String::new();
    for breakage in &answer.breakages {
        let level = if breakage.bump == Bump::Major { "error" } else { "notice" };
        let _ = writeln!(
            out,
            "::{level} file={},line={},title={}::{}",
            property(breakage.file.as_str()),
            breakage.line.max(1),
            property(&breakage.code),
            data(&sentence(breakage)),
        );
    }
    for acknowledged in &answer.acknowledged {
        let breakage = &acknowledged.breakage;
        let _ = writeln!(
            out,
            "::notice file={},line={},title={}::{}",
            property(breakage.file.as_str()),
            breakage.line.max(1),
            property(&format!("acknowledged {}", breakage.code)),
            data(&format!("{}. Acknowledged: {}", sentence(breakage), acknowledged.reason)),
        );
    }
    for finding in &answer.findings {
        let title = property(&finding.code);
        let _ = writeln!(out, "::warning title={title}::{}", data(&finding.message));
    }
    out
}

/// What happened, and the successor where one is known.
pub fn sentence(breakage: &Breakage) -> String {
    match &breakage.successor {
        Some(successor) if !breakage.message.contains(successor.as_str()) => {
            format!("{}; use `{successor}`", breakage.message)
        }
        _ => breakage.message.clone(),
    }
}

/// Text after the second `::` of an annotation.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use artifact::TreePath;
    use code_model::DottedName;

    use super::*;

    fn answer() -> DiffAnswer {
        let breakage = Breakage {
            path: DottedName::new("lib.Old").expect("a name"),
            code: "object-removed".to_owned(),
            bump: Bump::Major,
            message: "`lib.Old` is gone\n100 %".to_owned(),
            file: TreePath::new("src/a b,c.py").expect("a path"),
            line: 0,
            successor: Some("lib.New".to_owned()),
        };
        DiffAnswer {
            library: "lib".to_owned(),
            from_version: "1".to_owned(),
            to_version: "2".to_owned(),
            breaking: true,
            demanded: Bump::Major,
            breakages: vec![breakage],
            acknowledged: Vec::new(),
            findings: Vec::new(),
        }
    }

    #[test]
    fn annotations_stay_on_one_line() {
        assert_eq!(
            github_annotations(&answer()),
            "::error file=src/a b%2Cc.py,line=1,title=object-removed::`lib.Old` is gone%0A\
             100 %25; use `lib.New`\n"
        );
    }

    #[test]
    fn what_is_acknowledged_is_shown_with_its_reason() {
        let mut answer = answer();
        answer.acknowledged = vec![AcknowledgedBreakage {
            breakage: answer.breakages.remove(0),
            reason: "announced\nin 1.8".to_owned(),
            path: "lib.Old".to_owned(),
            version: "2".to_owned(),
            written_in: "onx.toml".to_owned(),
        }];
        answer.breaking = false;
        let log = sarif(&answer);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["level"], "error", "what it is does not change");
        assert_eq!(result["suppressions"][0]["status"], "accepted");
        assert_eq!(result["suppressions"][0]["justification"], "announced\nin 1.8");
        let text = github_annotations(&answer);
        assert!(
            text.starts_with("::notice file=src/a b%2Cc.py,line=1,title=acknowledged"),
            "{text}"
        );
        assert!(text.contains("Acknowledged: announced%0Ain 1.8"), "{text}");
    }

    #[test]
    fn sarif_names_rule_place_and_fingerprint() {
        let log = sarif(&answer());
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "object-removed");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "src/a%20b%2Cc.py");
        assert_eq!(place["region"]["startLine"], 1);
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "object-removed");
    }
}
