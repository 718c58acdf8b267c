//! `publish`, `fetch` and `registry`.

use std::path::{Path, PathBuf};

use artifact::Digest;
use code_line::bundle::{BundleFolder, load_manifest};
use code_line::nodes::registry_api::PublishedBundle;
use code_line::publish::{
    Fetched, Publication, entry_name, fetch as fetch_entry, publish as publish_bundle,
    registry_error, write_out,
};
use code_line::registries::{Entries, OpenRegistry};
use code_line::{Error, nodes};
use registry::{Entry, EntryStatus, Listed, Reach, StatusChange};
use run::Walker;
use schemars::JsonSchema;
use serde::Serialize;

use ledger::{Event, Signer};

use super::Context;
use super::audit::{Publishing, line, note, note_expired, note_published, unlogged};
use super::roles;
use crate::Answer;
use crate::arguments::{
    FetchArguments, PublicationArguments, PublishArguments, RegistryArguments, RegistryCommand,
    StatusChangeArguments,
};
use crate::words::{Lines, amount};

/// What `publish --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublishAnswer {
    /// Where the bundle can be fetched.
    pub uri: String,
    /// Whether the same was published before.
    pub unchanged: bool,
    /// Whether readers see it now; else once `onx-manifest registry renew` was given where the
    /// online key is.
    pub shown: bool,
}

/// What `fetch --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FetchAnswer {
    /// The entry.
    pub entry: Entry,
    /// Where its files are.
    pub folder: String,
}

/// An entry, as `registry list --json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegistryItem {
    /// The entry.
    pub entry: Entry,
    /// Whether it is to be used, and why not; none where nobody said anything.
    pub status: Option<StatusChange>,
    /// Whether readers see a change of the status; none where nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<bool>,
}

/// How a bundle is to be published.
pub(super) fn publication(context: &Context<'_>, arguments: &PublicationArguments) -> Publication {
    Publication {
        registry: folder(context, &arguments.registry),
        namespace: arguments.namespace.clone(),
        despite: arguments.despite.clone(),
    }
}

pub(super) fn folder(context: &Context<'_>, arguments: &RegistryArguments) -> PathBuf {
    match &arguments.registry {
        Some(folder) => context.world.environment.absolute(folder),
        None => context.world.folders.state.join("registry"),
    }
}

pub(crate) fn publish(
    context: &Context<'_>,
    arguments: &PublishArguments,
) -> Result<Answer, Error> {
    let publication = publication(context, &arguments.publication);
    let identity = Digest::of(arguments.manifest.as_os_str().as_encoded_bytes());
    let working_folder = context.world.environment.working_folder();
    let run = nodes::command_context("publish", &identity, working_folder)?;
    let walker = Walker::new(run, &context.timings);
    let published = publish_bundle(&publication, &arguments.manifest, &context.world, &walker)?;
    let PublishedBundle { uri, unchanged, shown, manifest_digest } = published;
    let answer = PublishAnswer { uri, unchanged, shown };
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        let state = if answer.unchanged { "published before, unchanged" } else { "published" };
        context.output.result(&format!("{}   {state}\n", answer.uri))?;
        let next = format!("onx-migrate apply --manifest {} --target ./your_package", answer.uri);
        if answer.shown {
            context.output.note(&format!("next  {next}\n"));
        }
        roles::say_next(context, answer.shown);
    }
    let what = Publishing {
        digest: manifest_digest,
        uri: &answer.uri,
        unchanged: answer.unchanged,
        despite: publication.despite.as_deref(),
    };
    note_published(context, None, &what)
        .map_err(|error| unlogged(error, "the manifest is published"))?;
    Ok(Answer::Yes)
}

pub(crate) fn fetch(context: &Context<'_>, arguments: &FetchArguments) -> Result<Answer, Error> {
    let registry = folder(context, &arguments.registry);
    let reach = reach(&arguments.registry);
    let fetched = fetch_entry(&arguments.name, &registry, reach, &context.world)?;
    warn(context, &fetched);
    let place = match &arguments.out {
        None => fetched.folder.clone(),
        Some(out) => {
            let out_folder = context.world.environment.absolute(out);
            let library = load_manifest(&context.world, &fetched.folder)?.manifest.metadata.library;
            BundleFolder::claim(&context.world, &out_folder, &library)?;
            write_out(&fetched.contents, &out_folder, &context.world)?;
            out.clone()
        }
    };
    let Fetched { folder, listed, expired, .. } = fetched;
    let entry = listed.entry;
    if context.output.is_json() {
        context.output.json(&FetchAnswer { entry, folder: place.display().to_string() })?;
    } else {
        let files = amount(entry.files.len() as u32, "file", "files");
        context.output.result(&format!("{}   {files}   {}\n", entry.name, place.display()))?;
    }
    if !expired.is_empty() {
        let digest = load_manifest(&context.world, &folder)?.digest;
        note_expired(context, None, "fetch", &expired, digest)
            .map_err(|error| unlogged(error, "the files are there"))?;
    }
    Ok(Answer::Yes)
}

pub(crate) fn registry(context: &Context<'_>, command: &RegistryCommand) -> Result<Answer, Error> {
    match command {
        RegistryCommand::List(arguments) => list(context, &arguments.registry),
        RegistryCommand::Deprecate(it) => change(context, it, EntryStatus::Deprecated),
        RegistryCommand::Yank(it) => change(context, it, EntryStatus::Yanked),
        RegistryCommand::Restore(it) => change(context, it, EntryStatus::Published),
        RegistryCommand::Init(arguments) => roles::init(context, arguments),
        RegistryCommand::Delegate(arguments) => roles::delegate(context, arguments),
        RegistryCommand::Rotate(arguments) => roles::rotate(context, arguments),
        RegistryCommand::Resign(arguments) => roles::resign(context, arguments),
        RegistryCommand::Renew(arguments) => roles::renew(context, arguments),
        RegistryCommand::Trust(arguments) => roles::trust(context, arguments),
        RegistryCommand::Mirror(arguments) => roles::mirror(context, arguments),
    }
}

fn list(context: &Context<'_>, arguments: &RegistryArguments) -> Result<Answer, Error> {
    let registry = OpenRegistry::open(&context.world, &folder(context, arguments))?;
    let now = context.world.clock.now();
    let Entries { listed, refused } =
        registry.list(reach(arguments), now).map_err(registry_error)?;
    for (name, why) in &refused {
        context.output.note(&format!("nothing of `{name}` is used: {why}\n"));
    }
    if context.output.is_json() {
        let item = |Listed { entry, status }| RegistryItem { entry, status, shown: None };
        let items: Vec<RegistryItem> = listed.into_iter().map(item).collect();
        context.output.json(&items)?;
        return Ok(Answer::Yes);
    }
    let mut lines = Lines::default();
    for item in &listed {
        let reason = item.status.as_ref().map(|it| it.reason.clone()).unwrap_or_default();
        lines.push([item.entry.name.to_string(), item.status().word().to_owned(), reason]);
    }
    let text = lines.finish();
    context.output.result(if listed.is_empty() { "nothing is published\n" } else { &text })?;
    Ok(Answer::Yes)
}

/// Writes down that a manifest is to be used no more; that it is used again is no event of the log.
fn note_change(
    context: &Context<'_>,
    name: &str,
    status: Option<&StatusChange>,
) -> Result<(), Error> {
    let Some(StatusChange { status, reason, .. }) = status else { return Ok(()) };
    let (name, reason) = (line(name)?, line(reason)?);
    match status {
        EntryStatus::Published => Ok(()),
        EntryStatus::Deprecated => {
            note(context, None, |_| Ok(Event::ManifestDeprecated { name, reason }))
        }
        EntryStatus::Yanked => note(context, None, |_| Ok(Event::ManifestYanked { name, reason })),
    }
}

fn change(
    context: &Context<'_>,
    arguments: &StatusChangeArguments,
    status: EntryStatus,
) -> Result<Answer, Error> {
    let folder = folder(context, &arguments.registry);
    let registry = OpenRegistry::open(&context.world, &folder)?;
    let now = context.world.clock.now();
    let keys = registry.signers(&context.world)?;
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| &**key).collect();
    let (Listed { entry, status }, is_shown) = registry
        .set_status(&arguments.name, status, &arguments.reason, &signers, now)
        .map_err(registry_error)?;
    if context.output.is_json() {
        let (entry, status) = (entry.clone(), status.clone());
        context.output.json(&RegistryItem { entry, status, shown: Some(is_shown) })?;
    } else {
        let word = status.as_ref().map_or("published", |change| change.status.word());
        context.output.result(&format!("{}   {word}\n", entry.name))?;
        roles::say_next(context, is_shown);
    }
    note_change(context, &entry.name.to_string(), status.as_ref())
        .map_err(|error| unlogged(error, "the registry says it"))?;
    Ok(Answer::Yes)
}

/// A manifest that a user names.
pub(super) struct Named {
    /// The path, or the folder into which what is published under the name was fetched.
    pub(super) path: PathBuf,
    /// What had expired of that which the registry says of it, and is used all the same.
    pub(super) expired: Vec<String>,
}

/// Finds the manifest that a user names, and fetches it where the name is one in a registry.
pub(super) fn manifest(
    context: &Context<'_>,
    given: &Path,
    registry: &RegistryArguments,
) -> Result<Named, Error> {
    let Some(name) = entry_name(given) else {
        return Ok(Named { path: given.to_owned(), expired: Vec::new() });
    };
    let folder = folder(context, registry);
    let fetched = fetch_entry(&name?, &folder, reach(registry), &context.world)?;
    warn(context, &fetched);
    Ok(Named { path: fetched.folder, expired: fetched.expired })
}

fn warn(context: &Context<'_>, fetched: &Fetched) {
    for warning in fetched.warnings() {
        context.output.note(&format!("{warning}\n"));
    }
}

fn reach(arguments: &RegistryArguments) -> Reach {
    match (arguments.offline, arguments.allow_expired) {
        (false, _) => Reach::Registry,
        (true, false) => Reach::Cache,
        (true, true) => Reach::CacheEvenIfExpired,
    }
}
