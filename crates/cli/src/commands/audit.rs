//! `audit`, and writing down what happened.

use artifact::{Sha256, Timestamp};
use code_line::apply::ApplicationStatus;
use code_line::work::{CodeAnswer, CodeWork};
use code_line::{Error, ErrorCode};
use ledger::{AuditEntry, Event, Identity, Line, PublicKey, TreeHead, TrustedKey, leaf_hash};
use run::RunId;
use schemars::JsonSchema;
use serde::Serialize;
use store::{AuditError, AuditFolder, Happening, ReadLog, origin_of, read_log};

use super::Context;
use super::keys::{self, keyring, read_public};
use super::tasks::causes;
use crate::Answer;
use crate::arguments::{
    AuditCommand, AuditProveArguments, AuditShowArguments, AuditVerifyArguments,
};
use crate::words::{Lines, amount};

/// Largest log that is verified from a copy, in bytes.
const LOG_LIMIT_BYTES: u64 = 8 << 30;
const NOTE_LIMIT_BYTES: u64 = 64 << 10;

/// What `audit verify --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditAnswer {
    /// Whether every entry fits, and the heads with them.
    pub verified: bool,
    /// How many entries fit.
    pub entries: u64,
    /// The root over them, in hexadecimal digits.
    pub root: Option<String>,
    /// The first entry that does not fit, counted from 0.
    pub first_misfit: Option<u64>,
    /// Why it does not.
    pub why: Option<String>,
}

/// What `audit prove` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditProof {
    /// The entry that is proved to be there; none where it is an earlier log.
    pub entry: Option<u64>,
    /// The hash of that entry, in hexadecimal digits.
    pub leaf: Option<String>,
    /// How many entries the earlier log had; none where it is an entry.
    pub from: Option<u64>,
    /// The root of the earlier log, in hexadecimal digits.
    pub from_root: Option<String>,
    /// How many entries the head covers.
    pub size: u64,
    /// Its root, in hexadecimal digits.
    pub root: String,
    /// The hashes that lead there, in hexadecimal digits, in the order of RFC 9162.
    pub hashes: Vec<String>,
    /// The signed head, as a note.
    pub head: String,
}

pub(crate) fn audit(context: &Context<'_>, command: &AuditCommand) -> Result<Answer, Error> {
    match command {
        AuditCommand::Show(arguments) => show(context, arguments),
        AuditCommand::Verify(arguments) => verify(context, arguments),
        AuditCommand::Prove(arguments) => prove(context, arguments),
    }
}

/// Writes down what happened, signed with the key of this machine.
pub(super) fn note(
    context: &Context<'_>,
    run: Option<&RunId>,
    event: impl FnOnce(&Identity) -> Result<Event, Error>,
) -> Result<(), Error> {
    let key = context.world.trust.own_key()?;
    let happening = happening(context, run, event(&key.owner)?, &key.owner)?;
    folder(context)?.add(&happening, &*key.signer).map_err(refused)
}

/// Writes down what a command may only find to have happened, and when nobody wrote it down.
pub(super) fn note_late(context: &Context<'_>, run: &RunId, event: Event) -> Result<(), Error> {
    let key = context.world.trust.own_key()?;
    let happening = happening(context, Some(run), event, &key.owner)?;
    folder(context)?.add_late(&happening, &*key.signer).map_err(refused)
}

/// Writes down what was done now, or was found done and may be written down already: `subject` is a
/// text that its entry holds.
pub(super) fn note_once(
    context: &Context<'_>,
    run: Option<&RunId>,
    is_new: bool,
    event: Event,
    subject: &str,
) -> Result<(), Error> {
    if is_new {
        return note(context, run, |_| Ok(event));
    }
    let key = context.world.trust.own_key()?;
    let happening = happening(context, run, event, &key.owner)?;
    folder(context)?.add_if_new(&happening, subject, &*key.signer).map_err(refused)
}

/// That the log could not be written after what was asked for was done. The result was printed
/// before, since it stands, and to ask for it again could do it twice.
pub(super) fn unlogged(error: Error, done: &str) -> Error {
    error.detail(format!("{done}, and only the audit log does not say so"))
}

fn happening(
    context: &Context<'_>,
    run: Option<&RunId>,
    event: Event,
    actor: &Identity,
) -> Result<Happening, Error> {
    let run = run.map(|run| line(run.as_str())).transpose()?;
    let at: Timestamp = context.world.clock.now();
    Ok(Happening { actor: actor.clone(), run, event, at })
}

/// Writes down what a run came to. What was there already was written down when it was made, unless
/// whoever made it did not come to say so.
pub(super) fn note_answer(
    context: &Context<'_>,
    run: &RunId,
    work: &CodeWork,
    answer: &CodeAnswer,
) -> Result<(), Error> {
    match answer {
        CodeAnswer::Generated(made) => {
            let event = Event::ManifestGenerated {
                from_version: line(&made.from_version)?,
                generator: line(code_line::bundle::GENERATOR)?,
                manifest_id: line(&made.manifest_id)?,
                to_version: line(&made.to_version)?,
            };
            note_once(context, Some(run), !made.unchanged, event, &made.manifest_id)?;
            let Some(uri) = &made.published_uri else { return Ok(()) };
            let publication = match work {
                CodeWork::Generate(work) => work.request.publish.as_ref(),
                CodeWork::Apply(_) => None,
            };
            let what = Publishing {
                digest: made.manifest_digest,
                uri,
                unchanged: made.unchanged,
                despite: publication.and_then(|it| it.despite.as_deref()),
            };
            note_published(context, Some(run), &what)
        }
        CodeAnswer::Applied(applied) => {
            let report = &applied.report;
            if report.status == ApplicationStatus::Unchanged {
                return Ok(());
            }
            note_expired(context, Some(run), "apply", &report.expired, report.manifest_digest)?;
            // What was written was told when it was.
            if report.checkpoint.is_some() {
                return Ok(());
            }
            if !report.signature.is_signed() {
                note(context, Some(run), |_| {
                    Ok(Event::UnsignedWorkAllowed {
                        operation: line("apply")?,
                        subject: report.manifest_digest,
                    })
                })?;
            }
            note(context, Some(run), |owner| {
                Ok(Event::ManifestApplied {
                    applied_by: owner.clone(),
                    manifest_id: manifest_id(&report.manifest_digest)?,
                    package: line(&report.target)?,
                    success: report.summary.operations_failed == 0,
                })
            })
        }
    }
}

/// Writes down what had expired of that which a registry says, and was used all the same.
pub(super) fn note_expired(
    context: &Context<'_>,
    run: Option<&RunId>,
    operation: &str,
    expired: &[String],
    subject: artifact::Digest,
) -> Result<(), Error> {
    if expired.is_empty() {
        return Ok(());
    }
    let expired = expired.iter().map(|what| line(what)).collect::<Result<_, _>>()?;
    let operation = line(operation)?;
    note(context, run, |_| Ok(Event::ExpiredWorkAllowed { expired, operation, subject }))
}

/// What is published where.
pub(super) struct Publishing<'a> {
    /// The digest of the manifest.
    pub(super) digest: artifact::Digest,
    /// The name in the registry.
    pub(super) uri: &'a str,
    /// Whether the same was published before.
    pub(super) unchanged: bool,
    /// Why it was published although dependents do not fit it, where that was said.
    pub(super) despite: Option<&'a str>,
}

/// Writes down that a manifest was published. What was published before was written down then,
/// unless whoever published it did not come to say so.
pub(super) fn note_published(
    context: &Context<'_>,
    run: Option<&RunId>,
    what: &Publishing<'_>,
) -> Result<(), Error> {
    let event = Event::ManifestPublished {
        despite: what.despite.map(line).transpose()?,
        digest: what.digest,
        manifest_id: manifest_id(&what.digest)?,
        name: line(what.uri)?,
    };
    note_once(context, run, !what.unchanged, event, what.uri)
}

/// The id under which a manifest is listed, as the log has it.
pub(super) fn manifest_id(digest: &artifact::Digest) -> Result<Line, Error> {
    line(&artifact::uuid_from_digest(digest).to_string())
}

/// A text as the log has it: without what deceives, and cut where it is long.
pub(super) fn line(text: &str) -> Result<Line, Error> {
    let mut shown = artifact::shown(text).into_owned();
    while shown.len() > 512 {
        shown.pop();
    }
    let shown = if shown.is_empty() { "–".to_owned() } else { shown };
    shown.parse().map_err(|error: ledger::WordError| {
        Error::internal("a text cannot be written down").caused_by(error)
    })
}

/// The log of this machine, whose heads are signed by the keys of this machine and no others.
fn folder(context: &Context<'_>) -> Result<AuditFolder, Error> {
    let world = &context.world;
    let keys = machine_keys(context)?;
    Ok(AuditFolder::new(world.files.clone(), world.folders.state.join("audit"), keys))
}

/// The keys that this machine has or had for itself.
fn machine_keys(context: &Context<'_>) -> Result<Vec<TrustedKey>, Error> {
    keyring(context).machine().map_err(keys::refused)
}

fn show(context: &Context<'_>, arguments: &AuditShowArguments) -> Result<Answer, Error> {
    let log = match folder(context)?.read(&[]) {
        Ok(log) => log.entries,
        Err(AuditError::Missing(_)) => Vec::new(),
        Err(error) => return Err(refused(error)),
    };
    let newest = &log[log.len().saturating_sub(arguments.last as usize)..];
    if context.output.is_json() {
        context.output.json(&newest)?;
        return Ok(Answer::Yes);
    }
    let mut lines = Lines::default();
    for entry in newest {
        lines.push(words_of(entry)?);
    }
    let text = lines.finish();
    context.output.result(if newest.is_empty() { "nothing was written down\n" } else { &text })?;
    Ok(Answer::Yes)
}

/// An entry in a line: number, time, who, what, and about what.
fn words_of(entry: &AuditEntry) -> Result<[String; 5], Error> {
    let event = serde_json::to_value(&entry.event)
        .map_err(|error| Error::internal("an entry has no JSON form").caused_by(error))?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut what = String::new();
    let mut about = Vec::new();
    for (name, value) in event.as_object().into_iter().flatten() {
        if name == "event" {
            what = text(value).replace('_', " ");
        } else {
            about.push(format!("{name}={}", text(value)));
        }
    }
    let AuditEntry { sequence, timestamp, actor, .. } = entry;
    Ok([sequence.to_string(), timestamp.to_string(), actor.to_string(), what, about.join(" ")])
}

fn verify(context: &Context<'_>, arguments: &AuditVerifyArguments) -> Result<Answer, Error> {
    let mut keys = Vec::new();
    for path in &arguments.key {
        keys.push(read_public(context, path)?);
    }
    let read = match &arguments.log {
        Some(path) => copied(context, path, arguments, &keys)?,
        None => {
            let machine = machine_keys(context)?;
            let usable = machine.iter().filter(|key| key.revoked_at.is_none());
            keys.extend(usable.map(|key| key.key));
            let heads = heads(context, arguments, &keys, &machine)?;
            folder(context)?.read(&heads)
        }
    };
    let answer = match read {
        Ok(ReadLog { head, .. }) => AuditAnswer {
            verified: true,
            entries: head.size,
            root: Some(head.root.hex()),
            first_misfit: None,
            why: None,
        },
        Err(AuditError::Broken { source, .. }) => AuditAnswer {
            verified: false,
            entries: source.position,
            root: None,
            first_misfit: Some(source.position),
            why: Some(source.reason.to_string()),
        },
        Err(error) => return Err(refused(error)),
    };
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&verdict(&answer))?;
    }
    Ok(if answer.verified { Answer::Yes } else { Answer::No })
}

fn verdict(answer: &AuditAnswer) -> String {
    match (&answer.root, answer.first_misfit) {
        (Some(root), _) => {
            let entries = u32::try_from(answer.entries).unwrap_or(u32::MAX);
            format!("{} hang together, root {root}\n", amount(entries, "entry", "entries"))
        }
        (None, position) => format!(
            "entry {} does not fit: {}\n",
            position.unwrap_or_default(),
            answer.why.as_deref().unwrap_or_default()
        ),
    }
}

/// A log that lies anywhere, with heads and keys that the user gave.
fn copied(
    context: &Context<'_>,
    path: &std::path::Path,
    arguments: &AuditVerifyArguments,
    keys: &[PublicKey],
) -> Result<Result<ReadLog, AuditError>, Error> {
    let bytes = context.read_file(path, LOG_LIMIT_BYTES)?;
    let heads = heads(context, arguments, keys, &[])?;
    let origin = heads.first().map(|head| head.origin.clone());
    let origin = origin.ok_or_else(|| {
        Error::user(ErrorCode::AuditError, "a copy is verified against a head")
            .hint("give it with --head")
    })?;
    let broken = |source| AuditError::Broken { path: path.to_owned(), source };
    Ok(read_log(&bytes, &origin, &heads).map_err(broken))
}

/// The heads that the user kept, signed by these keys. One that a key signed which this machine had
/// and revoked is told from one that anybody signed.
fn heads(
    context: &Context<'_>,
    arguments: &AuditVerifyArguments,
    keys: &[PublicKey],
    machine: &[TrustedKey],
) -> Result<Vec<TreeHead>, Error> {
    let read = |path: &std::path::PathBuf| {
        let note = context.read_file(path, NOTE_LIMIT_BYTES)?;
        let unusable = || {
            let message = format!("`{}` is no head of an audit log", path.display());
            Error::user(ErrorCode::AuditError, message)
                .hint("it is the file head.note beside a log")
        };
        let origin = origin_of(&note).ok_or_else(unusable)?;
        TreeHead::open(&note, &origin, keys).map_err(|error| {
            for key in machine {
                if let Some(at) = key.revoked_at
                    && TreeHead::open(&note, &origin, &[key.key]).is_ok()
                {
                    let message = format!("`{}` was signed by a revoked key", path.display());
                    let detail = format!("the key {} was revoked at {at}", key.key.id());
                    return Error::user(ErrorCode::AuditError, message).detail(detail).hint(
                        "if you know that it was signed before, give the key with --key, as `onx \
                         keys show` prints it",
                    );
                }
            }
            unusable().caused_by(error)
        })
    };
    arguments.head.iter().map(read).collect()
}

fn prove(context: &Context<'_>, arguments: &AuditProveArguments) -> Result<Answer, Error> {
    let log = folder(context)?;
    let ReadLog { tree, head, entries } = log.read(&[]).map_err(refused)?;
    let size = head.size;
    let beyond = |what: &str| {
        let message =
            format!("the log has {}, and {what}", amount(size as u32, "entry", "entries"));
        Error::user(ErrorCode::AuditError, message).hint("`onx audit show` shows the entries")
    };
    let note = log.head_bytes().map_err(refused)?.unwrap_or_default();
    let note = String::from_utf8_lossy(&note).into_owned();
    let hex = |hashes: Vec<Sha256>| hashes.iter().map(Sha256::hex).collect();
    let mut proof = AuditProof {
        entry: arguments.entry,
        leaf: None,
        from: arguments.from,
        from_root: None,
        size,
        root: head.root.hex(),
        hashes: Vec::new(),
        head: note,
    };
    if let Some(index) = arguments.entry {
        let place = usize::try_from(index).ok().filter(|place| *place < entries.len());
        let place = place.ok_or_else(|| beyond(&format!("none is {index}")))?;
        let bytes = artifact::canonical_json(&entries[place])
            .map_err(|error| Error::internal("an entry has no form").caused_by(error))?;
        proof.leaf = Some(leaf_hash(&bytes).hex());
        let hashes = tree.inclusion_proof(index, size);
        proof.hashes = hex(hashes.ok_or_else(|| beyond("that is none of them"))?);
    }
    if let Some(from) = arguments.from {
        let root = tree.root_at(from).ok_or_else(|| beyond(&format!("never had {from}")))?;
        proof.from_root = Some(root.hex());
        let hashes = tree.consistency_proof(from, size);
        proof.hashes = hex(hashes.ok_or_else(|| beyond(&format!("never had {from}")))?);
    }
    context.output.json(&proof)?;
    Ok(Answer::Yes)
}

fn refused(error: AuditError) -> Error {
    let (kind, hint) = (error.kind(), error.hint());
    let refused = Error::new(kind, ErrorCode::AuditError, error.to_string()).hint(hint);
    match std::error::Error::source(&error) {
        Some(source) => causes(source).into_iter().fold(refused, Error::detail),
        None => refused,
    }
}
