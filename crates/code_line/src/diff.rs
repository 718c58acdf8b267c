//! Breaking changes in the forms that continuous integration reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use code_model::report::{Breakage, Bump};
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
}

impl DiffAnswer {
    /// Those that break users.
    pub fn breaking(&self) -> impl Iterator<Item = &Breakage> {
        self.breakages.iter().filter(|breakage| breakage.bump == Bump::Major)
    }
}

/// A SARIF 2.1.0 log with one result for each breakage.
pub fn sarif(answer: &DiffAnswer) -> Value {
    let codes: BTreeSet<&str> = answer.breakages.iter().map(|b| b.code.as_str()).collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| json!({"id": code, "shortDescription": {"text": code.replace('-', " ")}}))
        .collect();
    let results: Vec<Value> = answer.breakages.iter().map(sarif_result).collect();
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
