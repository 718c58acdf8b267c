//! `policy`: which steps need whose approval on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use artifact::{Digest, TreePath};
use code_line::approvals::ManifestStep;
use code_line::{Error, ErrorCode, ErrorKind};
use host::{FileErrorKind, Files, Place};
use ledger::{ApprovalPolicy, Event, Identity, Requirements, Role, Transition};

use super::Context;
use super::audit::{line, note, unlogged};
use crate::Answer;
use crate::arguments::{PolicyCommand, PolicyRemoveArguments, PolicySetArguments};
use crate::words::Lines;

/// The file in the user's configuration that holds it.
const POLICY_FILE: &str = "approval-policy.json";
const POLICY_LIMIT_BYTES: u64 = 1 << 20;

pub(crate) fn policy(context: &Context<'_>, command: &PolicyCommand) -> Result<Answer, Error> {
    match command {
        PolicyCommand::Show(_) => show(context),
        PolicyCommand::Set(arguments) => set(context, arguments),
        PolicyCommand::Remove(arguments) => remove(context, arguments),
    }
}

/// The policy in this folder; none where nobody said anything.
pub(super) fn read(files: &dyn Files, folder: &Path) -> Result<Option<ApprovalPolicy>, Error> {
    let path = file()?;
    let bytes = match files.read(Place::new(folder, &path), POLICY_LIMIT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(None),
        // What cannot be read may ask for approvals, so that nothing goes on without it.
        Err(error) => {
            let message = "the approval policy cannot be read";
            return Err(Error::outside(ErrorCode::ApprovalError, message, error));
        }
    };
    ApprovalPolicy::read(&bytes).map(Some).map_err(|error| {
        let message = format!("`{}` is no approval policy", folder.join(POLICY_FILE).display());
        Error::new(ErrorKind::Config, ErrorCode::ApprovalError, message)
            .caused_by(error)
            .hint("say it anew with `onx policy set`")
    })
}

fn show(context: &Context<'_>) -> Result<Answer, Error> {
    let world = &context.world;
    let policy = read(&*world.files, &world.folders.configuration)?;
    if context.output.is_json() {
        let document = policy.as_ref().map(document).transpose()?;
        let document = document.map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes));
        let value = document
            .transpose()
            .map_err(|error| Error::internal("the policy has no JSON form").caused_by(error))?;
        context.output.json(&value)?;
        return Ok(Answer::Yes);
    }
    let Some(policy) = policy else {
        context.output.result("no step needs an approval here\n")?;
        return Ok(Answer::Yes);
    };
    context.output.result(&text(&policy)?)?;
    Ok(Answer::Yes)
}

fn text(policy: &ApprovalPolicy) -> Result<String, Error> {
    let mut lines = Lines::default();
    for step in ManifestStep::ALL {
        let needs = match policy.requirements(&step.transition()?) {
            None => "is never allowed".to_owned(),
            Some(none) if none.is_empty() => "needs no approval".to_owned(),
            Some(some) => {
                let each = some.iter().map(|(role, count)| {
                    let holders: Vec<_> = policy.holders(role).map(ToString::to_string).collect();
                    format!("{count} × {role} of {}", holders.join(", "))
                });
                each.collect::<Vec<_>>().join("; ")
            }
        };
        lines.push([step.word().to_owned(), needs]);
    }
    Ok(lines.finish())
}

fn set(context: &Context<'_>, arguments: &PolicySetArguments) -> Result<Answer, Error> {
    let mut roles: BTreeMap<Role, BTreeSet<Identity>> = BTreeMap::new();
    for (role, people) in &arguments.holders {
        roles.entry(role.clone()).or_default().extend(people.iter().cloned());
    }
    let mut transitions: BTreeMap<Transition, Requirements> = BTreeMap::new();
    for step in ManifestStep::ALL {
        transitions.insert(step.transition()?, Requirements::new());
    }
    for (step, role, count) in &arguments.requirements {
        let step = ManifestStep::from(*step);
        let requirements = transitions.entry(step.transition()?).or_default();
        if requirements.insert(role.clone(), *count).is_some() {
            let message = format!("`{}` asks twice for the role `{role}`", step.word());
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("say once how many there must be: --require STEP=ROLE:N"));
        }
    }
    let policy = ApprovalPolicy::new(roles, transitions).map_err(|error| {
        Error::user(ErrorCode::UsageError, "nobody could ever satisfy this policy")
            .caused_by(error)
            .hint("name enough people with --holder ROLE=WHO,WHO")
    })?;
    let bytes = document(&policy)?;
    let world = &context.world;
    let (base, path) = (&world.folders.configuration, file()?);
    let written = world
        .files
        .create_base(base)
        .and_then(|()| world.files.write(Place::new(base, &path), &bytes, None));
    written.map_err(|error| {
        Error::outside(ErrorCode::ApprovalError, "the policy cannot be written", error)
    })?;
    let answer = show(context)?;
    note(context, None, |_| Ok(Event::PolicySet { policy: Digest::of(&bytes) }))
        .map_err(|error| unlogged(error, "the policy is in force"))?;
    Ok(answer)
}

fn remove(context: &Context<'_>, arguments: &PolicyRemoveArguments) -> Result<Answer, Error> {
    let world = &context.world;
    let reason = line(&arguments.reason)?;
    let (base, path) = (&world.folders.configuration, file()?);
    let there = world.files.metadata(Place::new(base, &path));
    let is_there = !matches!(&there, Ok(None));
    if is_there {
        // First, since nobody would come back to it: a policy that is gone leaves nothing to find.
        note(context, None, |_| Ok(Event::PolicyRemoved { reason }))?;
    }
    match world.files.remove_file(Place::new(base, &path)) {
        Ok(()) => {}
        Err(error) if error.kind == FileErrorKind::Missing => {}
        Err(error) => {
            let message = "the policy cannot be removed";
            return Err(Error::outside(ErrorCode::ApprovalError, message, error)
                .hint("the audit log says that it was removed: remove the file by hand"));
        }
    }
    show(context)
}

fn document(policy: &ApprovalPolicy) -> Result<Vec<u8>, Error> {
    policy.write().map_err(|error| Error::internal("a policy has no document").caused_by(error))
}

fn file() -> Result<TreePath, Error> {
    TreePath::new(POLICY_FILE)
        .map_err(|error| Error::internal("the policy has no usable name").caused_by(error))
}
