//! Who signed a manifest, and whether that counts on this machine.

use std::fmt;
use std::num::NonZeroUsize;

use code_model::manifest::Manifest;
use ledger::{
    ApprovalPolicy, Envelope, Identity, Kind, Line, ManifestMade, Namespace, OpenError, Signer,
    Statement, Subject, SubjectDigest, TrustedKeys, Verified,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::{Content, GENERATOR, LoadedManifest, name};
use crate::publish::DEFAULT_NAMESPACE;
use crate::{Error, ErrorCode, ErrorKind, World};

/// What the name of a file of signatures has in place of the extension of the manifest's.
const SIGNATURE_SUFFIX: &str = ".dsse.json";

/// Who signs here, and whom this machine trusts.
pub trait Trust: Send + Sync + fmt::Debug {
    /// The keys that are trusted here, each with what it may sign.
    fn trusted(&self) -> Result<TrustedKeys, Error>;
    /// The key with which what is made here is signed; it is made when there is none.
    fn own_key(&self) -> Result<OwnKey, Error>;
    /// Which steps need whose approval on this machine; none where nobody said so.
    fn approval_policy(&self) -> Result<Option<ApprovalPolicy>, Error>;
    /// Every key of the user, for what says itself whose signatures it needs.
    fn own_keys(&self) -> Result<Vec<Box<dyn Signer>>, Error>;
}

/// A key to sign with.
pub struct OwnKey {
    /// Signs.
    pub signer: Box<dyn Signer>,
    /// Who holds it.
    pub owner: Identity,
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnKey({})", self.owner)
    }
}

/// Nobody is trusted and nothing is signed: for a process that only works out edits.
#[derive(Debug, Clone, Copy)]
pub struct NoTrust;

impl Trust for NoTrust {
    fn trusted(&self) -> Result<TrustedKeys, Error> {
        Ok(TrustedKeys::new())
    }

    fn own_key(&self) -> Result<OwnKey, Error> {
        Err(Error::internal("a process without keys was to sign something"))
    }

    fn approval_policy(&self) -> Result<Option<ApprovalPolicy>, Error> {
        Ok(None)
    }

    fn own_keys(&self) -> Result<Vec<Box<dyn Signer>>, Error> {
        Ok(Vec::new())
    }
}

/// What the signatures beside a manifest are worth here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignatureState {
    /// Trusted keys signed it.
    Signed {
        /// Who holds them.
        by: Vec<String>,
        /// In whose namespace it is signed.
        namespace: String,
    },
    /// Nobody signed it.
    Unsigned,
    /// It is signed, by nobody who is trusted with it here.
    Untrusted {
        /// Why the signatures do not count.
        why: String,
        /// What can be done about it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        hint: String,
    },
    /// What lies beside it is no signature of it: one of the two was changed.
    Broken {
        /// What does not hold.
        why: String,
    },
}

impl SignatureState {
    /// Whether it may be used without being asked for as it is.
    pub fn is_signed(&self) -> bool {
        matches!(self, Self::Signed { .. })
    }

    /// The state in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Signed { by, .. } => format!("signed by {}", by.join(", ")),
            Self::Unsigned => "unsigned".to_owned(),
            Self::Untrusted { .. } => "signed by nobody who is trusted here".to_owned(),
            Self::Broken { .. } => "with a signature that does not hold".to_owned(),
        }
    }
}

/// Signs a manifest with the own key; what that is worth.
pub fn sign(
    world: &World,
    loaded: &LoadedManifest,
    namespace: &str,
) -> Result<SignatureState, Error> {
    let key = world.trust.own_key()?;
    sign_with(world, loaded, namespace, &key)
}

/// Signs a manifest that nobody signed for this namespace who is trusted here. What somebody signed
/// stays, since a person may have signed it with a key for others, and the own key is worth nothing
/// to them.
pub(crate) fn sign_unless_signed(
    world: &World,
    loaded: &LoadedManifest,
    namespace: &str,
) -> Result<SignatureState, Error> {
    match signature_of(world, loaded)? {
        SignatureState::Signed { by, namespace: signed } if signed == namespace => {
            Ok(SignatureState::Signed { by, namespace: signed })
        }
        _ => sign(world, loaded, namespace),
    }
}

/// Signs a manifest that was made of others, if each of those is signed by somebody who is trusted
/// here, and all in one namespace, for that one: what nobody vouches for does not come to be
/// trusted by being worked at, and what somebody may vouch for in one place does not come to be
/// trusted in another.
pub(crate) fn sign_descendant(
    world: &World,
    made: &LoadedManifest,
    parents: &[LoadedManifest],
) -> Result<SignatureState, Error> {
    let mut common = None;
    for parent in parents {
        let SignatureState::Signed { namespace, .. } = signature_of(world, parent)? else {
            return signature_of(world, made);
        };
        if *common.get_or_insert_with(|| namespace.clone()) != namespace {
            return signature_of(world, made);
        }
    }
    let namespace = common.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    sign(world, made, &namespace)
}

/// Signs a manifest with this key. What other keys signed stays, if they signed the same statement
/// and it holds. Nothing is written when that changes nothing, nor where the signature would count
/// nowhere on this machine: it would take the place of one that counts.
pub fn sign_with(
    world: &World,
    loaded: &LoadedManifest,
    namespace: &str,
    key: &OwnKey,
) -> Result<SignatureState, Error> {
    let statement = statement(loaded, namespace, &key.owner)?;
    expect_counting(world, &statement, key)?;
    let fresh = Envelope::sign(&statement, &*key.signer).map_err(not_signed)?;
    let file = signature_file(loaded);
    let standing = match signature_of(world, loaded)? {
        SignatureState::Broken { .. } => None,
        _ => loaded.folder.read(&*world.files, &file)?,
    };
    let standing = standing.and_then(|bytes| Envelope::read(&bytes).ok());
    let envelope = match standing {
        Some(mut standing) if standing.digest() == fresh.digest() => {
            standing.cosign(&*key.signer).map_err(not_signed)?;
            standing
        }
        _ => fresh,
    };
    let bytes = envelope
        .write()
        .map_err(|error| Error::internal("a signature has no form").caused_by(error))?;
    loaded.folder.write(&*world.files, &file, &Content::of_bytes(bytes))?;
    signature_of(world, loaded)
}

/// Refuses to sign with a key that is not trusted with manifests of this namespace here and now.
fn expect_counting(
    world: &World,
    statement: &Statement<ManifestMade>,
    key: &OwnKey,
) -> Result<(), Error> {
    let (trusted, now) = (world.trust.trusted()?, world.clock.now());
    let namespace = &statement.predicate().namespace;
    let id = key.signer.public_key().id();
    trusted.check(&id, Kind::Manifest, namespace, now).map(drop).map_err(|refusal| {
        let message = "the signature would count nowhere here";
        Error::user(ErrorCode::SignatureError, message)
            .detail(refusal.to_string())
            .hint("`onx keys list` shows what each key may sign; sign with one that may sign this")
    })
}

/// The name of the file beside a manifest that holds its signatures.
pub fn signature_file(loaded: &LoadedManifest) -> String {
    let stem = loaded.path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}{SIGNATURE_SUFFIX}")
}

/// What the signatures beside a manifest are worth on this machine, at this time.
pub fn signature_of(world: &World, loaded: &LoadedManifest) -> Result<SignatureState, Error> {
    let Some(bytes) = loaded.folder.read(&*world.files, &signature_file(loaded))? else {
        return Ok(SignatureState::Unsigned);
    };
    let broken = |why: String| Ok(SignatureState::Broken { why });
    let envelope = match Envelope::read(&bytes) {
        Ok(envelope) => envelope,
        Err(error) => return broken(error.to_string()),
    };
    let trusted = world.trust.trusted()?;
    let opened = envelope.open::<ManifestMade>(&trusted, NonZeroUsize::MIN, world.clock.now());
    let verified = match opened {
        Ok(verified) => verified,
        Err(error @ OpenError::Signers { .. }) => {
            let hint = error.hint().to_owned();
            return Ok(SignatureState::Untrusted { why: error.to_string(), hint });
        }
        Err(error) => return broken(error.to_string()),
    };
    if let Some(why) = mismatch(&verified, loaded) {
        return broken(why);
    }
    let by = verified.signers().values().map(ToString::to_string).collect();
    let namespace = verified.statement().predicate().namespace.to_string();
    Ok(SignatureState::Signed { by, namespace })
}

/// Refuses a manifest that no trusted key signed, unless that was asked for; one whose signature
/// does not hold is refused in any case.
pub fn expect_signed(
    world: &World,
    loaded: &LoadedManifest,
    allow_unsigned: bool,
) -> Result<SignatureState, Error> {
    let state = signature_of(world, loaded)?;
    let path = loaded.path.display();
    let refused = |kind, message: String| Err(Error::new(kind, ErrorCode::SignatureError, message));
    match &state {
        SignatureState::Signed { .. } => Ok(state),
        SignatureState::Broken { why } => {
            refused(ErrorKind::Conflict, format!("the signature of `{path}` does not hold"))
                .map_err(|error: Error| {
                    error.detail(why.clone()).hint(
                        "fetch it again from where it was published, and do not use this copy",
                    )
                })
        }
        _ if allow_unsigned => Ok(state),
        SignatureState::Untrusted { why, hint } => {
            refused(ErrorKind::Config, format!("nobody who is trusted here signed `{path}`"))
                .map_err(|error: Error| {
                    let hint = format!("{hint}; --allow-unsigned uses it as it is, and says so");
                    error.detail(why.clone()).hint(hint)
                })
        }
        SignatureState::Unsigned => refused(ErrorKind::User, format!("nobody signed `{path}`"))
            .map_err(|error: Error| {
                error.hint(
                    "sign it with `onx-manifest sign` if you made it, or say --allow-unsigned, \
                     which is recorded",
                )
            }),
    }
}

/// What is signed of a manifest: its bytes, and with them those of its bundle, whose digests it
/// names.
fn statement(
    loaded: &LoadedManifest,
    namespace: &str,
    author: &Identity,
) -> Result<Statement<ManifestMade>, Error> {
    let metadata = &loaded.manifest.metadata;
    let made = ManifestMade {
        author: author.clone(),
        from_version: line(&metadata.from_version)?,
        generator: line(GENERATOR)?,
        manifest_id: line(&manifest_id(loaded))?,
        namespace: namespace_of(namespace)?,
        package: line(&metadata.library)?,
        to_version: line(&metadata.to_version)?,
    };
    let subject = Subject::of(line(name::MANIFEST)?, &loaded.bytes);
    Statement::new(vec![subject], made)
        .map_err(|error| Error::internal("a manifest has no statement").caused_by(error))
}

/// In what the signed statement is about something else than this manifest.
fn mismatch(verified: &Verified<ManifestMade>, loaded: &LoadedManifest) -> Option<String> {
    let statement = verified.statement();
    if !statement.is_about(&SubjectDigest::of(&loaded.bytes)) {
        return Some("it is the signature of other bytes".to_owned());
    }
    let said = statement.predicate();
    let Manifest { metadata, .. } = &loaded.manifest;
    let fits = said.package.as_str() == metadata.library
        && said.from_version.as_str() == metadata.from_version
        && said.to_version.as_str() == metadata.to_version;
    (!fits).then(|| "it is the signature of another library or other versions".to_owned())
}

/// The id under which a manifest is listed.
pub(crate) fn manifest_id(loaded: &LoadedManifest) -> String {
    artifact::uuid_from_digest(&loaded.digest).to_string()
}

fn namespace_of(text: &str) -> Result<Namespace, Error> {
    text.parse().map_err(|error: ledger::WordError| {
        Error::user(ErrorCode::SignatureError, error.to_string())
            .hint(format!("the namespace of libraries' manifests is {DEFAULT_NAMESPACE}"))
    })
}

fn line(text: &str) -> Result<Line, Error> {
    text.parse().map_err(|error: ledger::WordError| {
        Error::user(ErrorCode::SignatureError, error.to_string())
            .hint("such a manifest cannot be signed")
    })
}

fn not_signed(error: ledger::SealError) -> Error {
    let (kind, hint) = match &error {
        ledger::SealError::Signer(signer) => (signer.kind(), signer.hint()),
        _ => (ErrorKind::Internal, "please report this with the command that you ran"),
    };
    Error::new(kind, ErrorCode::SignatureError, "the manifest could not be signed")
        .hint(hint)
        .caused_by(error)
}
