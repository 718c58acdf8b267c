//! `keys`.

use std::collections::BTreeSet;

use artifact::{Digest, Timestamp};
use code_line::signed_file::{SignedFile, look_at};
use code_line::trust::{OwnKey, SignatureState};
use code_line::{Error, ErrorCode};
use ledger::{Event, KeyId, Kind, Namespaces, PublicKey, Signer as _, TrustedKey};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Keyring, KeyringError, KnownKey, LOCAL_KEY, Trust};

use super::Context;
use super::audit::{line, note, note_once, unlogged};
use crate::Answer;
use crate::arguments::{
    GrantArguments, KeyNewArguments, KeyRevokeArguments, KeyShowArguments, KeyTrustArguments,
    KeyVerifyArguments, KeysCommand,
};
use crate::words::Lines;

/// What a public key may have as a file.
const PUBLIC_LIMIT_BYTES: u64 = 4096;

/// The items of what `keys list --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeyItem {
    /// The id: the SHA-256 of its canonical document, in hexadecimal digits.
    pub id: String,
    /// The name of its private half on this machine, if that is here.
    pub name: Option<String>,
    /// The key with what it is trusted with.
    pub key: TrustedKey,
}

pub(crate) fn keys(context: &Context<'_>, command: &KeysCommand) -> Result<Answer, Error> {
    match command {
        KeysCommand::New(arguments) => new(context, arguments),
        KeysCommand::List(_) => list(context),
        KeysCommand::Show(arguments) => show(context, arguments),
        KeysCommand::Trust(arguments) => trust(context, arguments),
        KeysCommand::Revoke(arguments) => revoke(context, arguments),
        KeysCommand::Verify(arguments) => verify(context, arguments),
    }
}

/// The keys of the user.
pub(super) fn keyring(context: &Context<'_>) -> Keyring {
    let world = &context.world;
    Keyring::new(world.files.clone(), world.folders.configuration.join("keys"))
}

/// The private key of this name, with who holds it.
pub(super) fn own_key(context: &Context<'_>, name: &str) -> Result<OwnKey, Error> {
    if name == LOCAL_KEY {
        return context.world.trust.own_key();
    }
    let keyring = keyring(context);
    let key = keyring.private(name).map_err(refused)?;
    let trusted = keyring.trusted().map_err(refused)?;
    let id = key.public_key().id();
    let known = trusted.get(&id).ok_or_else(|| {
        Error::user(ErrorCode::SignatureError, format!("the key `{name}` is not trusted here"))
            .hint("make another one with `onx keys new`")
    })?;
    Ok(OwnKey { signer: Box::new(key), owner: known.owner.clone() })
}

fn new(context: &Context<'_>, arguments: &KeyNewArguments) -> Result<Answer, Error> {
    let trust = trust_of(context, &arguments.grant)?;
    let made = keyring(context).create(&arguments.name, &trust).map_err(refused)?;
    let id = made.key.public_key().id();
    let before = if made.is_new { "" } else { "before " };
    tell(context, &id, &format!("made {before}for {}", made.owner))?;
    context.output.note(&format!("next  onx keys show {} > {0}.key.json\n", made.name));
    let event = Event::KeyCreated { key: id, owner: made.owner.clone() };
    note_once(context, None, made.is_new, event, &id.to_string())
        .map_err(|error| unlogged(error, "the key is made"))?;
    Ok(Answer::Yes)
}

fn trust(context: &Context<'_>, arguments: &KeyTrustArguments) -> Result<Answer, Error> {
    let key = read_public(context, &arguments.file)?;
    let trust = trust_of(context, &arguments.grant)?;
    let KnownKey { id, is_new } = keyring(context).trust(key, &trust).map_err(refused)?;
    let before = if is_new { "" } else { "before " };
    tell(context, &id, &format!("trusted {before}as the key of {}", trust.owner))?;
    // However often a name was given and in which order, it is the same trust.
    let namespaces: BTreeSet<_> = arguments.grant.namespaces.iter().cloned().collect();
    let namespaces = namespaces.into_iter().collect();
    let event = Event::KeyTrusted { key: id, namespaces, owner: trust.owner.clone() };
    note_once(context, None, is_new, event, &id.to_string())
        .map_err(|error| unlogged(error, "the key is trusted"))?;
    Ok(Answer::Yes)
}

fn revoke(context: &Context<'_>, arguments: &KeyRevokeArguments) -> Result<Answer, Error> {
    let at = context.world.clock.now();
    keyring(context).revoke(arguments.id, at).map_err(refused)?;
    let reason = line(&arguments.reason)?;
    tell(context, &arguments.id, "trusted no more")?;
    note(context, None, |_| Ok(Event::KeyRevoked { key: arguments.id, reason }))
        .map_err(|error| unlogged(error, "the key is revoked"))?;
    Ok(Answer::Yes)
}

/// What `keys verify --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SignedFileAnswer {
    /// What the file is signed as; none where no signature lies beside it.
    pub kind: Option<Kind>,
    /// What the signature is worth here.
    pub signature: SignatureState,
    /// The digest of the file.
    pub digest: Digest,
}

fn verify(context: &Context<'_>, arguments: &KeyVerifyArguments) -> Result<Answer, Error> {
    let SignedFile { kind, signature, digest } = look_at(&context.world, &arguments.file)?;
    let is_signed = signature.is_signed();
    let answer = SignedFileAnswer { kind, signature, digest };
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        let kind = kind.map_or_else(String::new, |kind| format!("{kind}  "));
        let why = match &answer.signature {
            SignatureState::Untrusted { why, .. } | SignatureState::Broken { why } => {
                format!(": {why}")
            }
            SignatureState::Signed { .. } | SignatureState::Unsigned => String::new(),
        };
        let (path, words) = (arguments.file.display(), answer.signature.words());
        context.output.result(&format!("{path}  {kind}{words}{why}\n"))?;
    }
    Ok(if is_signed { Answer::Yes } else { Answer::No })
}

/// The public key in a file.
pub(super) fn read_public(
    context: &Context<'_>,
    path: &std::path::Path,
) -> Result<PublicKey, Error> {
    let bytes = context.read_file(path, PUBLIC_LIMIT_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    PublicKey::from_document(text.trim_end()).map_err(|error| {
        let message = format!("`{}` is no public key", path.display());
        Error::user(ErrorCode::SignatureError, message)
            .caused_by(error)
            .hint("it is what `onx keys show` prints where the private half is")
    })
}

fn show(context: &Context<'_>, arguments: &KeyShowArguments) -> Result<Answer, Error> {
    let key = own_key(context, &arguments.name)?.signer.public_key();
    let document = key
        .document()
        .map_err(|error| Error::internal("a key has no document").caused_by(error))?;
    context.output.bytes(format!("{document}\n").as_bytes())?;
    Ok(Answer::Yes)
}

fn list(context: &Context<'_>) -> Result<Answer, Error> {
    let items = items(&keyring(context))?;
    if context.output.is_json() {
        context.output.json(&items)?;
        return Ok(Answer::Yes);
    }
    let now = context.world.clock.now();
    let mut lines = Lines::default();
    for item in &items {
        let name = item.name.clone().unwrap_or_else(|| "–".to_owned());
        let owner = item.key.owner.to_string();
        lines.push([item.id.clone(), name, owner, what_for(&item.key), until(&item.key, now)]);
    }
    let none =
        "no key is trusted here; the first manifest that you make is signed with a new one\n";
    let text = lines.finish();
    context.output.result(if items.is_empty() { none } else { &text })?;
    Ok(Answer::Yes)
}

fn items(keyring: &Keyring) -> Result<Vec<KeyItem>, Error> {
    let mut names = Vec::new();
    for name in keyring.names().map_err(refused)? {
        // One that cannot be used is listed where it is used.
        let Ok(key) = keyring.private(&name) else { continue };
        names.push((key.public_key().id(), name));
    }
    let trusted = keyring.trusted().map_err(refused)?;
    let item = |(id, key): (&KeyId, &TrustedKey)| KeyItem {
        id: id.to_string(),
        name: names.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone()),
        key: key.clone(),
    };
    Ok(trusted.iter().map(item).collect())
}

fn what_for(key: &TrustedKey) -> String {
    let grants = key.grants.iter().map(|grant| {
        let kinds: Vec<_> = grant.kinds.iter().map(ToString::to_string).collect();
        let namespaces = match &grant.namespaces {
            Namespaces::Any => "everywhere".to_owned(),
            Namespaces::Only(names) => {
                let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                format!("in {}", names.join(", "))
            }
        };
        format!("{} {namespaces}", kinds.join(", "))
    });
    grants.collect::<Vec<_>>().join("; ")
}

fn until(key: &TrustedKey, now: Timestamp) -> String {
    match key.revoked_at {
        Some(at) => format!("revoked {at}"),
        None if now >= key.expires => format!("expired {}", key.expires),
        None => format!("until {}", key.expires),
    }
}

fn trust_of(context: &Context<'_>, arguments: &GrantArguments) -> Result<Trust, Error> {
    let now = context.world.clock.now();
    let end = now.unix_seconds() + i64::from(arguments.days) * 24 * 60 * 60;
    let expires = Timestamp::from_unix_seconds(end)
        .map_err(|error| Error::user(ErrorCode::UsageError, error.to_string()))?;
    Ok(Trust {
        owner: arguments.owner.clone(),
        kinds: arguments.kinds.iter().copied().collect(),
        namespaces: Namespaces::Only(arguments.namespaces.iter().cloned().collect()),
        not_before: now,
        expires,
    })
}

fn tell(context: &Context<'_>, id: &KeyId, what: &str) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(&serde_json::json!({ "id": id.to_string() }));
    }
    context.output.result(&format!("{id}  {what}\n"))
}

/// An error of the keys in the words of the command line.
pub(super) fn refused(error: KeyringError) -> Error {
    let (kind, hint) = (error.kind(), error.hint());
    let refused = Error::new(kind, ErrorCode::SignatureError, error.to_string()).hint(hint);
    match std::error::Error::source(&error) {
        Some(source) => super::tasks::causes(source).into_iter().fold(refused, Error::detail),
        None => refused,
    }
}
