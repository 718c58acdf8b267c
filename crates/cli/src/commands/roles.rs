//! The commands of `registry` that keep its roles.

use std::num::NonZeroU64;

use code_line::publish::registry_error;
use code_line::registries::{FolderRoles, remember_names, roles_of};
use code_line::{Error, ErrorCode};
use ledger::{PublicKey, Signer};
use registry::{KeySet, Mirrored, Renewed, RootKeys};

use super::Context;
use super::keys::{own_key, read_public};
use super::registry::folder;
use crate::Answer;
use crate::arguments::{
    RegistryArguments, RegistryDelegateArguments, RegistryInitArguments, RegistryMirrorArguments,
    RegistryRenewArguments, RegistryResignArguments, RegistryRotateArguments,
    RegistryTrustArguments,
};
use crate::words::amount;

/// Largest root that is read, in bytes.
const ROOT_LIMIT_BYTES: u64 = 512 << 10;

pub(super) fn init(
    context: &Context<'_>,
    arguments: &RegistryInitArguments,
) -> Result<Answer, Error> {
    let mut keys = Vec::new();
    for name in &arguments.offline_keys {
        keys.push(own_key(context, name)?.signer);
    }
    let offline = KeySet { keys: public(&keys), threshold: arguments.threshold };
    let online_key = own_key(context, &arguments.online_key)?.signer;
    if offline.keys.contains(&online_key.public_key()) {
        return Err(online_is_offline(&format!("`{}`", arguments.online_key)));
    }
    let online = KeySet { keys: vec![online_key.public_key()], threshold: NonZeroU64::MIN };
    keys.push(online_key);
    let now = context.world.clock.now();
    let place = folder(context, &arguments.registry);
    // What is trusted lies by where the folder is, which is sure only once it is there.
    let made = context.world.files.create_base(&place);
    made.map_err(|error| registry_error(error.into()))?;
    let registry = open(context, &arguments.registry)?;
    let root = registry.keeper.init(&offline, &online, &signers(&keys), now);
    let root = root.map_err(registry_error)?;
    remember_names(&context.world, &place)?;
    if let Some(out) = &arguments.out {
        context.write_file(out, &root)?;
    }
    say(context, &format!("{} has roles, and its root is trusted here", place.display()))?;
    context.output.note("next  onx-manifest registry delegate NAMESPACE --publisher KEY_FILE\n");
    Ok(Answer::Yes)
}

pub(super) fn delegate(
    context: &Context<'_>,
    arguments: &RegistryDelegateArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let read = |path: &std::path::PathBuf| read_public(context, path);
    let keys = arguments.publishers.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let publishers = KeySet { keys, threshold: arguments.threshold };
    let own = context.world.trust.own_keys()?;
    let now = context.world.clock.now();
    let signers = signers(&own);
    let shown = registry
        .keeper
        .delegate(&arguments.namespace, &publishers, &signers, now)
        .and_then(|()| registry.show(&signers, now))
        .map_err(registry_error)?;
    let count = amount(publishers.keys.len() as u32, "key", "keys");
    say(context, &format!("`{}` is published by {count}", arguments.namespace))?;
    say_next(context, shown);
    Ok(Answer::Yes)
}

pub(super) fn rotate(
    context: &Context<'_>,
    arguments: &RegistryRotateArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let RootKeys { mut offline, mut online } =
        registry.keeper.root_keys().map_err(registry_error)?;
    let read = |path: &std::path::PathBuf| read_public(context, path);
    if !arguments.offline_keys.is_empty() {
        offline.keys = arguments.offline_keys.iter().map(read).collect::<Result<_, _>>()?;
    }
    offline.threshold = arguments.threshold.unwrap_or(offline.threshold);
    if let Some(path) = &arguments.online_key {
        online = KeySet { keys: vec![read(path)?], threshold: NonZeroU64::MIN };
    }
    if online.keys.iter().any(|key| offline.keys.contains(key)) {
        return Err(online_is_offline("the new online key"));
    }
    let own = context.world.trust.own_keys()?;
    let (signers, now) = (signers(&own), context.world.clock.now());
    let root = registry.keeper.rotate_root(&offline, &online, &signers, now);
    let root = root.map_err(registry_error)?;
    let shown = registry.show(&signers, now).map_err(registry_error)?;
    if let Some(out) = &arguments.out {
        context.write_file(out, &root)?;
    }
    let place = folder(context, &arguments.registry);
    say(context, &format!("{} has a new root", place.display()))?;
    say_next(context, shown);
    Ok(Answer::Yes)
}

pub(super) fn resign(
    context: &Context<'_>,
    arguments: &RegistryResignArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let own = context.world.trust.own_keys()?;
    let (signers, now) = (signers(&own), context.world.clock.now());
    let shown = registry
        .keeper
        .resign(&arguments.namespace, &signers, now)
        .and_then(|()| registry.show(&signers, now))
        .map_err(registry_error)?;
    say(context, &format!("`{}` is signed anew", arguments.namespace))?;
    say_next(context, shown);
    Ok(Answer::Yes)
}

pub(super) fn renew(
    context: &Context<'_>,
    arguments: &RegistryRenewArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let own = context.world.trust.own_keys()?;
    let now = context.world.clock.now();
    let Renewed { refused, expired } =
        registry.keeper.renew(&signers(&own), now).map_err(registry_error)?;
    for left in &refused {
        let (name, why) = (left.name(), &left.error);
        context.output.note(&format!("`{name}` stays as it was: {why}\n"));
    }
    for role in &expired {
        let next = match role.role.as_str() {
            "root" | "targets" => "onx-manifest registry rotate".to_owned(),
            namespace => format!("onx-manifest registry resign {namespace}"),
        };
        let (role, at) = (&role.role, role.at);
        context.output.note(&format!("`{role}` expired at {at}\nnext  {next}\n"));
    }
    let is_whole = refused.is_empty() && expired.is_empty();
    let rest = if is_whole { "what is published" } else { "what else is published" };
    say(context, &format!("{rest} is current for another day"))?;
    Ok(if is_whole { Answer::Yes } else { Answer::No })
}

pub(super) fn trust(
    context: &Context<'_>,
    arguments: &RegistryTrustArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let root = context.read_file(&arguments.root, ROOT_LIMIT_BYTES)?;
    let trusted = registry.reader.pin(&root).map_err(registry_error)?;
    let version = trusted.root().version();
    let place = folder(context, &arguments.registry);
    remember_names(&context.world, &place)?;
    say(context, &format!("root {version} of {} is trusted", place.display()))?;
    Ok(Answer::Yes)
}

pub(super) fn mirror(
    context: &Context<'_>,
    arguments: &RegistryMirrorArguments,
) -> Result<Answer, Error> {
    let registry = open(context, &arguments.registry)?;
    let into = context.world.environment.absolute(&arguments.into);
    let now = context.world.clock.now();
    let Mirrored { entries, refused } =
        registry.reader.mirror(&into, now).map_err(registry_error)?;
    for left in &refused {
        context.output.note(&format!("nothing of `{}`: {}\n", left.name(), left.error));
    }
    let count = amount(entries as u32, "entry", "entries");
    say(context, &format!("{count} copied to {}", into.display()))?;
    Ok(if refused.is_empty() { Answer::Yes } else { Answer::No })
}

fn open(context: &Context<'_>, arguments: &RegistryArguments) -> Result<FolderRoles, Error> {
    roles_of(&context.world, &folder(context, arguments))
}

/// Says what is still to be done where what was signed is not shown yet.
pub(super) fn say_next(context: &Context<'_>, is_shown: bool) {
    if !is_shown {
        let next = "onx-manifest registry renew, where the online key is";
        context.output.note(&format!("next  {next}\n"));
    }
}

fn online_is_offline(name: &str) -> Error {
    Error::user(ErrorCode::UsageError, format!("{name} is one of the offline keys"))
        .hint("the online key is the one that may be lost; make another with `onx keys new`")
}

fn signers(keys: &[Box<dyn Signer>]) -> Vec<&dyn Signer> {
    keys.iter().map(|key| &**key).collect()
}

fn public(keys: &[Box<dyn Signer>]) -> Vec<PublicKey> {
    keys.iter().map(|key| key.public_key()).collect()
}

/// Says what was done, as a sentence; a program needs no more than the exit code.
fn say(context: &Context<'_>, text: &str) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(&serde_json::json!({ "done": text }));
    }
    context.output.result(&format!("{text}\n"))
}
