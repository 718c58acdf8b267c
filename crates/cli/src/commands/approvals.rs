//! `approve` and `approvals`.

use std::path::Path;

use artifact::{Digest, Timestamp};
use code_line::approvals::{
    ApprovalPlace, ApprovalStanding, ManifestStep, add, approve as give, standing,
};
use code_line::bundle::{LoadedManifest, load_manifest};
use code_line::publish::entry_name;
use code_line::verify::expect_intact;
use code_line::{Error, ErrorCode};
use ledger::{ApprovalGiven, Event};

use super::audit::{note_expired, note_once, unlogged};
use super::keys::own_key;
use super::{Context, registry};
use crate::Answer;
use crate::arguments::{ApprovalsArguments, ApproveArguments, RegistryArguments};
use crate::words::{Lines, amount};

/// Largest file of approvals, in bytes.
const APPROVALS_LIMIT_BYTES: u64 = 32 << 20;

pub(crate) fn approve(
    context: &Context<'_>,
    arguments: &ApproveArguments,
) -> Result<Answer, Error> {
    let Named { loaded, place, expired } =
        named(context, &arguments.manifest, &arguments.registry)?;
    expect_intact(&context.world, &loaded)?;
    let key = own_key(context, &arguments.key)?;
    let now = context.world.clock.now();
    let end = now.unix_seconds() + i64::from(arguments.days) * 24 * 60 * 60;
    let expires = Timestamp::from_unix_seconds(end)
        .map_err(|error| Error::user(ErrorCode::UsageError, error.to_string()))?;
    let step = ManifestStep::from(arguments.step);
    let as_who = (arguments.role.clone(), &key);
    let given = give(&context.world, &loaded, step, as_who, expires, place)?;
    let standing = standing(&context.world, &loaded, step)?;
    if context.output.is_json() {
        context.output.json(&standing)?;
    } else {
        let (who, role) = (&given.approval.approver, &given.approval.role);
        let mut out =
            format!("{who} approves it as {role} for `{}`, until {expires}\n", step.word());
        out.push_str(&format!("{}\n{}", given.file.display(), standing_text(&standing)));
        context.output.result(&out)?;
    }
    if given.is_of_the_same_account {
        context.output.note(
            "note  a key of this account signed the manifest: nobody approves what he made, \
             under another name neither\n",
        );
    }
    let mut noted = note_expired(context, None, "approve", &expired, loaded.digest);
    for (approval, statement) in &given.earlier {
        noted = noted.and_then(|()| note_approval(context, &loaded, approval, *statement, false));
    }
    let noted = noted.and_then(|()| {
        note_approval(context, &loaded, &given.approval, given.statement, given.is_new)
    });
    noted.map_err(|error| unlogged(error, "the approval is given"))?;
    Ok(Answer::Yes)
}

/// Writes down an approval; one that is not new may have been written down when it was given.
fn note_approval(
    context: &Context<'_>,
    loaded: &LoadedManifest,
    approval: &ApprovalGiven,
    statement: Digest,
    is_new: bool,
) -> Result<(), Error> {
    let event = Event::ApprovalGiven {
        approver: approval.approver.clone(),
        role: approval.role.clone(),
        statement,
        subject: loaded.digest,
        transition: approval.transition.clone(),
    };
    note_once(context, None, is_new, event, &statement.to_string())
}

pub(crate) fn approvals(
    context: &Context<'_>,
    arguments: &ApprovalsArguments,
) -> Result<Answer, Error> {
    let Named { loaded, place, .. } = named(context, &arguments.manifest, &arguments.registry)?;
    for path in &arguments.add {
        let bytes = context.read_file(path, APPROVALS_LIMIT_BYTES)?;
        let added = add(&context.world, &loaded, &bytes, place)? as u32;
        let taken = amount(added, "approval was", "approvals were");
        context.output.note(&format!("{taken} taken up from {}\n", path.display()));
    }
    let steps = match arguments.step {
        Some(one) => vec![one.into()],
        None => ManifestStep::ALL.to_vec(),
    };
    let mut standings = Vec::new();
    for step in steps {
        standings.push(standing(&context.world, &loaded, step)?);
    }
    if context.output.is_json() {
        context.output.json(&standings)?;
    } else {
        let text: String = standings.iter().map(standing_text).collect();
        context.output.result(&text)?;
    }
    let approved = standings.iter().all(|standing| standing.approved);
    Ok(if approved { Answer::Yes } else { Answer::No })
}

/// The manifest that a user names.
struct Named {
    loaded: LoadedManifest,
    /// Where approvals of it belong.
    place: ApprovalPlace,
    /// What had expired of that which the registry says of it.
    expired: Vec<String>,
}

fn named(
    context: &Context<'_>,
    given: &Path,
    arguments: &RegistryArguments,
) -> Result<Named, Error> {
    let place = match entry_name(given) {
        Some(_) => ApprovalPlace::State,
        None => ApprovalPlace::Beside,
    };
    let named = registry::manifest(context, given, arguments)?;
    let loaded = load_manifest(&context.world, &named.path)?;
    Ok(Named { loaded, place, expired: named.expired })
}

fn standing_text(standing: &ApprovalStanding) -> String {
    let word = standing.step.word();
    let mut lines = Lines::default();
    match &standing.required {
        None => lines.push([word.to_owned(), "no policy here asks for approvals".to_owned()]),
        Some(required) if required.is_empty() => {
            lines.push([word.to_owned(), "needs no approval".to_owned()]);
        }
        Some(_) => {
            let state = if standing.approved { "approved" } else { "not approved" };
            lines.push([word.to_owned(), state.to_owned()]);
        }
    }
    for (who, role) in &standing.approvers {
        lines.push([String::new(), format!("{who} as {role}")]);
    }
    for (role, count) in &standing.lacking {
        lines.push([String::new(), format!("missing: {count} × {role}")]);
    }
    for (digest, why) in &standing.refused {
        lines.push([String::new(), format!("{} does not count: {why}", digest.short())]);
    }
    if let Some(why) = &standing.why {
        lines.push([String::new(), why.clone()]);
    }
    lines.finish()
}
