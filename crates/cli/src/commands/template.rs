//! `template list`, `template show` and `template add`.

use std::collections::BTreeMap;

use code_line::template::{AddAnswer, AddRequest, Template, add, find, library};
use code_line::{Error, ErrorCode};

use super::Context;
use crate::Answer;
use crate::arguments::{TemplateAddArguments, TemplateArguments, TemplateCommand};
use crate::words::Lines;

pub(crate) fn template(
    context: &Context<'_>,
    arguments: &TemplateArguments,
) -> Result<Answer, Error> {
    match &arguments.command {
        TemplateCommand::List(_) => {
            let templates = library()?;
            if context.output.is_json() {
                context.output.json(&templates)?;
            } else {
                context.output.result(&list(&templates))?;
            }
        }
        TemplateCommand::Show(arguments) => {
            let template = find(&arguments.template)?;
            if context.output.is_json() {
                context.output.json(&template)?;
            } else {
                context.output.result(&shown(&template))?;
            }
        }
        TemplateCommand::Add(arguments) => {
            let answer = add(&request(arguments)?, &context.world)?;
            if context.output.is_json() {
                context.output.json(&answer)?;
            } else {
                context.output.result(&added(&answer))?;
            }
        }
    }
    Ok(Answer::Yes)
}

fn request(arguments: &TemplateAddArguments) -> Result<AddRequest, Error> {
    let mut parameters = BTreeMap::new();
    for (name, value) in &arguments.set {
        if parameters.insert(name.clone(), value.clone()).is_some() {
            let message = format!("`{name}` is set twice");
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("several values of one parameter are separated by commas"));
        }
    }
    Ok(AddRequest {
        manifest: arguments.manifest.clone(),
        template: arguments.template.clone(),
        parameters,
        reason: arguments.reason.clone(),
        replace: arguments.replace.clone(),
        unchecked: arguments.unchecked,
        out: arguments.out.clone(),
    })
}

fn list(templates: &[Template]) -> String {
    let mut lines = Lines::default();
    for template in templates {
        let mut kinds: Vec<&str> = template.operations.iter().map(|o| o.kind.as_str()).collect();
        kinds.dedup();
        lines.push([template.name.clone(), kinds.join(", "), template.title.clone()]);
    }
    lines.finish()
}

fn shown(template: &Template) -> String {
    let mut out = format!("{}: {}\n\n{}\n", template.name, template.title, template.description);
    for parameter in &template.parameters {
        let default = match (&parameter.default, parameter.optional) {
            (Some(default), _) => format!(", {default} when left out"),
            (None, true) => ", may be left out".to_owned(),
            (None, false) => String::new(),
        };
        out.push_str(&format!(
            "  --set {}=…   {}{default}\n      {}\n",
            parameter.name,
            parameter.parameter_type.words(),
            parameter.description
        ));
    }
    let example = &template.example;
    out.push_str("\nexample:\n");
    for (name, value) in &example.parameters {
        out.push_str(&format!("  --set {name}={}\n", quoted(value)));
    }
    for (what, text) in [("before", &example.before), ("after", &example.after)] {
        out.push_str(&format!("{what}, {}:\n", example.file));
        for line in text.lines() {
            out.push_str(format!("    {line}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// A value as a shell takes it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/,".contains(c);
    if value.chars().all(plain) { value.to_owned() } else { format!("'{value}'") }
}

fn added(answer: &AddAnswer) -> String {
    let mut lines = Lines::default();
    for operation in &answer.added {
        lines.push([
            format!("added {}", operation.id),
            operation.kind.clone(),
            operation.subject.clone(),
        ]);
    }
    let mut out = lines.finish();
    for id in &answer.replaced {
        out.push_str(&format!("in place of {id}\n"));
    }
    let mut end = Lines::default();
    let from = format!("made from {}", answer.parent.short());
    let digest = answer.manifest_digest.short();
    end.push(["manifest".to_owned(), answer.manifest_uri.clone(), digest, from]);
    out.push_str(&end.finish());
    out
}
