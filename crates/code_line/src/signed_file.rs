//! Checkpoints and reports, each with its signature in a file beside it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use artifact::Digest;
use ledger::{
    CheckpointTaken, ENVELOPE_LIMIT, Envelope, EvidenceGathered, Kind, Line, ManifestMade,
    Namespace, OpenError, PlanMade, Predicate, Statement, Subject, SubjectDigest, Verified,
};

use crate::application::ApplicationRecord;
use crate::bundle::LoadedManifest;
use crate::checkpoint::CHECKPOINT_FILE;
use crate::publish::DEFAULT_NAMESPACE;
use crate::trust::{OwnKey, SignatureState};
use crate::{Error, ErrorCode, ErrorKind, World};

/// Largest file whose signature is checked, in bytes.
const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// A file with the signature beside it, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// What it is signed as; none where nothing lies beside it.
    pub kind: Option<Kind>,
    /// What the signature is worth here.
    pub signature: SignatureState,
    /// The digest of the file.
    pub digest: Digest,
}

/// Looks at a file and at the signature beside it, whatever kind it is of.
pub fn look_at(world: &World, path: &Path) -> Result<SignedFile, Error> {
    let bytes = world.read_named(path, FILE_LIMIT_BYTES)?;
    let digest = Digest::of(&bytes);
    let beside = signature_path(path);
    let unsigned = SignedFile { kind: None, signature: SignatureState::Unsigned, digest };
    if !beside_exists(world, &beside)? {
        return Ok(unsigned);
    }
    let text = world.read_named(&beside, ENVELOPE_LIMIT as u64)?;
    let envelope = match Envelope::read(&text) {
        Ok(envelope) => envelope,
        Err(error) => {
            let signature = SignatureState::Broken { why: error.to_string() };
            return Ok(SignedFile { signature, ..unsigned });
        }
    };
    let kind = envelope.kind();
    let signature = match kind {
        Kind::Checkpoint => opened::<CheckpointTaken>(world, &envelope, &bytes),
        Kind::Evidence => opened::<EvidenceGathered>(world, &envelope, &bytes),
        Kind::Manifest => opened::<ManifestMade>(world, &envelope, &bytes),
        Kind::Plan => opened::<PlanMade>(world, &envelope, &bytes),
        Kind::Approval | Kind::TreeHead => {
            let why = format!("it is signed as {kind}, which no file is");
            Ok(SignatureState::Broken { why })
        }
    }?;
    Ok(SignedFile { kind: Some(kind), signature, digest })
}

/// Looks at the description of a checkpoint and at the signature beside it. What is signed as
/// anything else is broken.
pub(crate) fn look_at_checkpoint(world: &World, folder: &Path) -> Result<SignedFile, Error> {
    let looked = look_at(world, &folder.join(CHECKPOINT_FILE))?;
    Ok(match looked.kind {
        Some(kind) if kind != Kind::Checkpoint => {
            let why = format!("it is signed as {kind}");
            SignedFile { signature: SignatureState::Broken { why }, ..looked }
        }
        _ => looked,
    })
}

/// Signs the checkpoint of a change, unless it is signed already. What lies there in its place is
/// not signed.
pub(crate) fn sign_checkpoint(world: &World, record: &ApplicationRecord) -> Result<(), Error> {
    let folder = Path::new(&record.checkpoint);
    if look_at_checkpoint(world, folder)?.signature.is_signed() {
        return Ok(());
    }
    let path = folder.join(CHECKPOINT_FILE);
    let bytes = world.read_named(&path, FILE_LIMIT_BYTES)?;
    if Digest::of(&bytes) != record.checkpoint_digest {
        let message = format!("`{}` is not the checkpoint that was taken", path.display());
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::SignatureError, message)
            .hint("find out who changed it, and take the package from version control"));
    }
    let key = world.trust.own_key()?;
    let taken = CheckpointTaken {
        author: key.owner.clone(),
        files: record.files.len() as u64,
        namespace: namespace()?,
        run: line(record.run.as_deref().unwrap_or("none"))?,
        taken_at: record.started_at,
    };
    let subject = Subject::of(line(CHECKPOINT_FILE)?, &bytes);
    sign_beside(world, &path, Statement::new(vec![subject], taken), &key)
}

/// Signs the report on a run as evidence of what came of carrying a manifest out.
pub(crate) fn sign_evidence(
    world: &World,
    (path, report): (&Path, &[u8]),
    carried_out: &LoadedManifest,
    run: &str,
    success: bool,
) -> Result<(), Error> {
    let key = world.trust.own_key()?;
    let gathered = EvidenceGathered {
        author: key.owner.clone(),
        carried_out: SubjectDigest::of(&carried_out.bytes),
        gathered_at: world.clock.now(),
        namespace: namespace()?,
        run: line(run)?,
        success,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let subject = Subject::of(line(&artifact::shown(&name))?, report);
    sign_beside(world, path, Statement::new(vec![subject], gathered), &key)
}

/// The file that holds the signature of another one: the same name, with another extension.
pub fn signature_path(path: &Path) -> PathBuf {
    path.with_extension("dsse.json")
}

fn beside_exists(world: &World, path: &Path) -> Result<bool, Error> {
    let path = world.environment.absolute(path);
    let found = host::split_path(&path)
        .and_then(|(base, name)| world.files.metadata(host::Place::new(&base, &name)));
    found.map(|found| found.is_some()).map_err(|error| {
        let message = format!("`{}` cannot be looked at", path.display());
        Error::outside(ErrorCode::SignatureError, message, error)
    })
}

fn opened<P: Predicate>(
    world: &World,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<SignatureState, Error> {
    Ok(verified::<P>(world, envelope, bytes)?.map_or_else(|state| state, |it| state_of(&it)))
}

/// What a signature over these bytes says, if it counts here; otherwise what it is worth.
pub(crate) fn verified<P: Predicate>(
    world: &World,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<Result<Verified<P>, SignatureState>, Error> {
    let (trusted, now) = (world.trust.trusted()?, world.clock.now());
    let verified = match envelope.open::<P>(&trusted, NonZeroUsize::MIN, now) {
        Ok(verified) => verified,
        Err(error @ OpenError::Signers { .. }) => {
            let hint = error.hint().to_owned();
            return Ok(Err(SignatureState::Untrusted { why: error.to_string(), hint }));
        }
        Err(error) => return Ok(Err(SignatureState::Broken { why: error.to_string() })),
    };
    if !verified.statement().is_about(&SubjectDigest::of(bytes)) {
        let why = "it is the signature of other bytes".to_owned();
        return Ok(Err(SignatureState::Broken { why }));
    }
    Ok(Ok(verified))
}

/// Who signed, in whose namespace.
pub(crate) fn state_of<P: Predicate>(verified: &Verified<P>) -> SignatureState {
    SignatureState::Signed {
        by: verified.signers().values().map(ToString::to_string).collect(),
        namespace: verified.statement().predicate().namespace().to_string(),
    }
}

fn sign_beside<P: Predicate>(
    world: &World,
    path: &Path,
    statement: Result<Statement<P>, ledger::StatementError>,
    key: &OwnKey,
) -> Result<(), Error> {
    let statement =
        statement.map_err(|error| Error::internal("a file has no statement").caused_by(error))?;
    let envelope = Envelope::sign(&statement, &*key.signer).map_err(|error| {
        let message = format!("`{}` could not be signed", path.display());
        Error::internal(message).caused_by(error)
    })?;
    let bytes = envelope
        .write()
        .map_err(|error| Error::internal("a signature has no form").caused_by(error))?;
    world.write_named(&signature_path(path), &bytes)
}

pub(crate) fn namespace() -> Result<Namespace, Error> {
    DEFAULT_NAMESPACE
        .parse()
        .map_err(|error: ledger::WordError| Error::internal("no namespace").caused_by(error))
}

fn line(text: &str) -> Result<Line, Error> {
    text.parse().map_err(|error: ledger::WordError| {
        Error::user(ErrorCode::SignatureError, error.to_string()).hint("give the file another name")
    })
}
