//! Whether a manifest and its bundle are what they say.

use std::path::PathBuf;

use artifact::Digest;
use code_change::Rules;
use run::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::{LoadedManifest, load_manifest, name};
use crate::generate::{GenerateRequest, generate};
use crate::snapshot::SnapshotConfig;
use crate::trust::{SignatureState, signature_file, signature_of};
use crate::versions::CoreSelection;
use crate::{Error, ErrorCode, Progress, World};

/// What `verify` is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyRequest {
    /// The manifest or its folder.
    pub manifest: PathBuf,
    /// Whether a manifest will do that nobody signed who is trusted here.
    pub allow_unsigned: bool,
    /// Whether to make it again and compare.
    pub regenerate: bool,
    /// Where the library lies, when the recorded references do not say it.
    pub core: Option<String>,
    /// A folder that may be used while making it again.
    pub scratch: PathBuf,
    /// The numbers to make it again with.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyAnswer {
    /// The manifest.
    pub manifest: String,
    /// Its digest.
    pub digest: Digest,
    /// Whether everything fits.
    pub verified: bool,
    /// Who signed it, and whether that counts here.
    pub signature: SignatureState,
    /// How many operations it has.
    pub operations: u32,
    /// Each check with its result, in order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// Whether it fits.
    pub passed: bool,
    /// What does not fit, or what was seen.
    pub detail: String,
}

/// Checks a manifest: its form was checked by reading it; then its bundle, its report and, if asked
/// for, whether making it again gives the same bytes.
pub fn verify(
    request: &VerifyRequest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<VerifyAnswer, Error> {
    let loaded = load_manifest(world, &request.manifest)?;
    let signature = signature_of(world, &loaded)?;
    let mut checks = vec![check("form", true, "the fields, kinds, ids and order are valid")];
    let file = signature_file(&loaded);
    checks.push(signature_check(&signature, &file, request.allow_unsigned));
    checks.push(own_bytes(&loaded));
    checks.extend(bundle_checks(world, &loaded)?);
    checks.push(report_check(world, &loaded)?);
    if request.regenerate {
        checks.push(regenerate(request, &loaded, world, progress, observer)?);
    }
    Ok(VerifyAnswer {
        manifest: loaded.path.display().to_string(),
        digest: loaded.digest,
        verified: checks.iter().all(|check| check.passed),
        signature,
        operations: loaded.manifest.operations.len() as u32,
        checks,
    })
}

fn signature_check(signature: &SignatureState, file: &str, allow_unsigned: bool) -> Check {
    let (passed, detail) = match signature {
        SignatureState::Signed { by, namespace } => {
            (true, format!("{} for {namespace}", by.join(", ")))
        }
        SignatureState::Unsigned => (allow_unsigned, "nobody signed it".to_owned()),
        SignatureState::Untrusted { why, .. } => (allow_unsigned, why.clone()),
        SignatureState::Broken { why } => (false, format!("`{file}` does not hold: {why}")),
    };
    check("signature", passed, detail)
}

/// The name of the check of the manifest's own text.
const MANIFEST_BYTES: &str = "bytes";

fn check(name: &str, passed: bool, detail: impl Into<String>) -> Check {
    Check { name: name.to_owned(), passed, detail: detail.into() }
}

/// Whether the manifest's text is the one that was made: onx writes a manifest in one way only,
/// with a checksum over the rest of it.
fn own_bytes(loaded: &LoadedManifest) -> Check {
    let manifest = &loaded.manifest;
    let Some(checksum) = manifest.checksum else {
        if manifest.metadata.is_generated() {
            return check(MANIFEST_BYTES, false, "has lost the checksum that onx gave it");
        }
        return check(MANIFEST_BYTES, true, "not made by onx, without a checksum");
    };
    let expected = manifest.expected_checksum();
    if checksum != expected {
        let (found, expected) = (checksum.short(), expected.short());
        let detail = format!(
            "changed after it was made: its checksum is {found}, its content has {expected}"
        );
        return check(MANIFEST_BYTES, false, detail);
    }
    match first_difference(&loaded.bytes, manifest.write().as_bytes()) {
        None => check(MANIFEST_BYTES, true, format!("as they were made, {}", checksum.short())),
        Some(at) => {
            let line = loaded.bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            check(MANIFEST_BYTES, false, format!("was changed after it was made, in line {line}"))
        }
    }
}

/// The files beside a manifest from which edits are worked out.
const DECIDING: [&str; 4] =
    [name::SNAPSHOT_FROM, name::SNAPSHOT_TO, name::STUBS_FROM, name::STUBS_TO];

/// The digests that the manifest records of the files beside it.
pub(crate) fn bundle_checks(world: &World, loaded: &LoadedManifest) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    for (file, digest) in &loaded.manifest.metadata.bundle {
        let found = loaded.folder.read(&*world.files, file)?.map(|bytes| Digest::of(&bytes));
        checks.push(match found {
            Some(found) if found == *digest => check(file, true, digest.short()),
            Some(found) => {
                let detail = format!("is {}, the manifest says {}", found.short(), digest.short());
                check(file, false, detail)
            }
            None => check(file, false, "is missing"),
        });
    }
    // What decides about edits is what was signed, and nothing that was put beside it.
    for file in DECIDING {
        let is_named = loaded.manifest.metadata.bundle.contains_key(file);
        if !is_named && loaded.folder.read(&*world.files, file)?.is_some() {
            checks.push(check(file, false, "is no file of this manifest: remove it"));
        }
    }
    Ok(checks)
}

fn report_check(world: &World, loaded: &LoadedManifest) -> Result<Check, Error> {
    Ok(match (&loaded.report, loaded.folder.read(&*world.files, name::REPORT)?) {
        (Some(report), _) if !report.accounting.is_complete() => {
            check(name::REPORT, false, "does not account for every gone path exactly once")
        }
        (Some(_), _) => check(name::REPORT, true, "is about this manifest"),
        (None, Some(_)) => check(name::REPORT, false, "is about another manifest"),
        (None, None) => check(name::REPORT, true, "there is none"),
    })
}

fn regenerate(
    request: &VerifyRequest,
    loaded: &LoadedManifest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<Check, Error> {
    let metadata = &loaded.manifest.metadata;
    let made_of = metadata.composed_from.iter().map(|step| step.manifest.short());
    let made_of: Vec<String> = made_of.chain(metadata.parent.map(|one| one.short())).collect();
    if !made_of.is_empty() {
        let message = format!("`{}` was made of other manifests", loaded.path.display());
        return Err(Error::user(ErrorCode::UsageError, message)
            .detail(made_of.join(", "))
            .hint("make those again with --regenerate, and compose or add to them again"));
    }
    let digest = request.rules.digest().ok();
    if metadata.rules_digest.is_some() && metadata.rules_digest != digest {
        let detail = "was made with other rules: give the same onx.toml with --config";
        return Ok(check("regenerated", false, detail));
    }
    let (from, with_from) = parts(&metadata.from_reference);
    let (to, with_to) = parts(&metadata.to_reference);
    let core = CoreSelection {
        core: request.core.clone(),
        from,
        to,
        with_from,
        with_to,
        labels: Some([metadata.from_version.clone(), metadata.to_version.clone()]),
        file_times: false,
    };
    let config = SnapshotConfig { cache_enabled: false, ..SnapshotConfig::default() };
    let again = GenerateRequest {
        core,
        out: Some(request.scratch.clone()),
        config,
        rules: request.rules.clone(),
        previews: Vec::new(),
        corpus: None,
        publish: None,
        acknowledge: Vec::new(),
    };
    generate(again, world, progress, observer)?;
    let made = load_manifest(world, &request.scratch)?;
    let (old, new) = (&loaded.bytes, &made.bytes);
    Ok(match first_difference(old, new) {
        None => check("regenerated", true, "the same bytes"),
        Some(at) => {
            let line = old.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            check("regenerated", false, format!("byte {at} differs, in line {line}"))
        }
    })
}

/// A recorded reference and those of the further distributions.
fn parts(reference: &str) -> (String, Vec<String>) {
    let mut parts = reference.split(" + ").map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.collect())
}

/// The position of the first byte that differs, from 0.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    (common < a.len().max(b.len())).then_some(common)
}

/// Refuses a manifest that was changed after it was made, and a bundle that is not what its
/// manifest says.
pub fn expect_intact(world: &World, loaded: &LoadedManifest) -> Result<(), Error> {
    let own = own_bytes(loaded);
    if !own.passed {
        let message = format!("the manifest `{}` {}", loaded.path.display(), own.detail);
        return Err(Error::user(ErrorCode::VerificationError, message).hint(
            "take it from where it was made, or make it again; a dependent leaves operations out \
             by naming them under `suppress` in its onx.toml",
        ));
    }
    let checks = bundle_checks(world, loaded)?;
    let Some(failed) = checks.iter().find(|check| !check.passed) else { return Ok(()) };
    let message = format!(
        "the bundle of `{}` was changed: `{}` {}",
        loaded.path.display(),
        failed.name,
        failed.detail
    );
    Err(Error::user(ErrorCode::VerificationError, message)
        .hint("take the bundle from where it was made, or make it again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(first_difference(b"abc", b"abc"), None);
        assert_eq!(first_difference(b"abc", b"abd"), Some(2));
        assert_eq!(first_difference(b"abc", b"ab"), Some(2));
        assert_eq!(first_difference(b"", b"a"), Some(0));
    }

    #[test]
    fn references_are_taken_apart() {
        let (main, with) = parts("pypi:a==1 + pypi:b==2");
        assert_eq!(
            (main.as_str(), with.as_slice()),
            ("pypi:a==1", ["pypi:b==2".to_owned()].as_slice())
        );
    }
}
