//! Envelopes: DSSE v1 around a statement, in the one form that it has.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use artifact::{Digest, ErrorKind, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError};
use crate::key::{KeyId, Signature, SignatureError, Signer, SignerError};
use crate::names::Identity;
use crate::statement::{Kind, Predicate, STATEMENT_LIMIT, Statement, StatementError};
use crate::trust::{Refusal, TrustedKeys};

/// Longest envelope, in bytes: the longest statement in base64 and the signatures.
pub const ENVELOPE_LIMIT: usize = STATEMENT_LIMIT / 3 * 4 + 8 * 1024;

/// Most signatures of an envelope.
const SIGNATURE_LIMIT: usize = 16;

/// A statement that nobody looked into yet, with signatures that nobody verified yet.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "EnvelopeDocument")]
pub struct Envelope {
    kind: Kind,
    payload: Vec<u8>,
    signatures: BTreeMap<KeyId, Signature>,
}

/// A statement that enough trusted keys signed. There is no other way to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<P> {
    statement: Statement<P>,
    digest: Digest,
    signers: BTreeMap<KeyId, Identity>,
}

/// Why a text is no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not in the one form of an envelope.
    #[error("the envelope is no document: {0}")]
    Document(#[from] DocumentError),
    /// The payload is of no kind that onx knows.
    #[error("the envelope holds something of an unknown type")]
    PayloadType,
    /// Payload or signature are not in padded standard base64, or a signature has another length.
    #[error("the envelope holds something that is no base64 of the right length")]
    Base64,
    /// No signature, too many, or not in the order of the key ids, each once.
    #[error("the signatures are not 1 to {SIGNATURE_LIMIT} in the order of key ids, each once")]
    Signatures,
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The statement has no bytes.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The signer gave none.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// No more signatures fit.
    #[error("an envelope holds {SIGNATURE_LIMIT} signatures at most")]
    Full,
}

/// Why a statement is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The envelope is one of another kind.
    #[error("this is signed as {found}, and {expected} was asked for")]
    Kind {
        /// What was asked for.
        expected: Kind,
        /// What the envelope says.
        found: Kind,
    },
    /// A signature does not fit, so something was changed.
    #[error("the signature by {key} does not hold: {why}")]
    Signature {
        /// The key that is said to have signed.
        key: KeyId,
        /// Why it does not hold.
        why: SignatureError,
    },
    /// What was signed is no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Not enough of the keys that signed are trusted with this.
    #[error("{counted} of {wanted} signatures count{}", reasons(refused))]
    Signers {
        /// How many distinct keys are wanted.
        wanted: NonZeroUsize,
        /// How many are there.
        counted: usize,
        /// The others, each with the reason.
        refused: BTreeMap<KeyId, Refusal>,
    },
}

impl OpenError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Signers { .. } => ErrorKind::Config,
            Self::Kind { .. } | Self::Signature { .. } | Self::Statement(_) => ErrorKind::User,
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Kind { .. } => "give the signature that belongs to this file",
            Self::Signature { .. } | Self::Statement(_) => {
                "fetch it again from where it was published, and do not use this copy"
            }
            // A key that is known tells more about what is wrong than one that nobody knows.
            Self::Signers { refused, .. } => refused
                .values()
                .find(|refusal| **refusal != Refusal::UnknownKey)
                .unwrap_or(&Refusal::UnknownKey)
                .hint(),
        }
    }
}

impl Envelope {
    /// Signs a statement. What a signer gives is verified before it is believed.
    pub fn sign<P: Predicate>(
        statement: &Statement<P>,
        signer: &dyn Signer,
    ) -> Result<Self, SealError> {
        let payload = statement.to_bytes()?;
        let mut envelope = Self { kind: P::KIND, payload, signatures: BTreeMap::new() };
        envelope.cosign(signer)?;
        Ok(envelope)
    }

    /// Adds the signature of one more key; that of a key which signed before is made anew.
    pub fn cosign(&mut self, signer: &dyn Signer) -> Result<(), SealError> {
        let id = signer.public_key().id();
        if self.signatures.len() >= SIGNATURE_LIMIT && !self.signatures.contains_key(&id) {
            return Err(SealError::Full);
        }
        let message = self.signed_bytes();
        let signature = signer.sign(&message)?;
        let holds = signer.public_key().verify(&message, signature.as_bytes());
        holds.map_err(|_| SignerError::Wrong)?;
        self.signatures.insert(id, signature);
        Ok(())
    }

    /// Reads an envelope and refuses every form of it but one.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let document: EnvelopeDocument = document::read(bytes, ENVELOPE_LIMIT)?;
        let kind =
            Kind::of_payload_type(&document.payload_type).ok_or(EnvelopeError::PayloadType)?;
        let payload = STANDARD.decode(&document.payload).map_err(|_| EnvelopeError::Base64)?;
        let found = &document.signatures;
        let ordered = found.is_sorted_by(|one, next| one.keyid < next.keyid);
        if !ordered || !(1..=SIGNATURE_LIMIT).contains(&found.len()) {
            return Err(EnvelopeError::Signatures);
        }
        let mut signatures = BTreeMap::new();
        for SignatureDocument { keyid, sig } in document.signatures {
            let bytes = STANDARD.decode(&sig).ok().and_then(|bytes| bytes.try_into().ok());
            let signature = bytes.map(Signature::from_bytes).ok_or(EnvelopeError::Base64)?;
            signatures.insert(keyid, signature);
        }
        Ok(Self { kind, payload, signatures })
    }

    /// The bytes of the envelope.
    pub fn write(&self) -> Result<Vec<u8>, EnvelopeError> {
        let signatures = self.signatures.iter();
        Ok(document::write(&EnvelopeDocument {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.kind.payload_type(),
            signatures: signatures
                .map(|(keyid, signature)| SignatureDocument {
                    keyid: *keyid,
                    sig: STANDARD.encode(signature.as_bytes()),
                })
                .collect(),
        })?)
    }

    /// What it says to be signed as.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The identity of what is signed: the digest of the payload, whoever signed it.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.payload)
    }

    /// The keys that are said to have signed.
    pub fn key_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.signatures.keys()
    }

    /// The statement, if it is of the kind that is asked for and at least so many keys signed it
    /// that are trusted with it at this time.
    ///
    /// The id beside a signature is only where to look for the key: what counts is the key that
    /// verifies, and it counts once. A signature by a known key that does not hold refuses the
    /// whole, since something was changed; one by an unknown key says nothing.
    pub fn open<P: Predicate>(
        &self,
        trusted: &TrustedKeys,
        wanted: NonZeroUsize,
        now: Timestamp,
    ) -> Result<Verified<P>, OpenError> {
        if self.kind != P::KIND {
            return Err(OpenError::Kind { expected: P::KIND, found: self.kind });
        }
        let message = self.signed_bytes();
        for (id, signature) in &self.signatures {
            let Some(known) = trusted.get(id) else { continue };
            let holds = known.key.verify(&message, signature.as_bytes());
            holds.map_err(|why| OpenError::Signature { key: *id, why })?;
        }
        let (mut signers, mut refused) = (BTreeMap::new(), BTreeMap::new());
        if self.signatures.keys().all(|id| trusted.get(id).is_none()) {
            // Nothing is read that nobody known signed.
            refused.extend(self.signatures.keys().map(|id| (*id, Refusal::UnknownKey)));
            return Err(OpenError::Signers { wanted, counted: 0, refused });
        }
        let statement = Statement::<P>::from_bytes(&self.payload)?;
        for id in self.signatures.keys() {
            match trusted.check(id, P::KIND, statement.predicate().namespace(), now) {
                Ok(key) => drop(signers.insert(*id, key.owner.clone())),
                Err(refusal) => drop(refused.insert(*id, refusal)),
            }
        }
        if signers.len() < wanted.get() {
            return Err(OpenError::Signers { wanted, counted: signers.len(), refused });
        }
        Ok(Verified { statement, digest: self.digest(), signers })
    }

    fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.kind.payload_type(), &self.payload)
    }
}

impl<P: Predicate> Verified<P> {
    /// What was signed.
    pub fn statement(&self) -> &Statement<P> {
        &self.statement
    }

    /// The identity of what was signed.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The trusted keys that signed it, and who holds them.
    pub fn signers(&self) -> &BTreeMap<KeyId, Identity> {
        &self.signers
    }
}

/// What DSSE v1 signs: type and payload, each after its length, so that neither can run into the
/// other and no signature over one type holds for another.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn reasons(refused: &BTreeMap<KeyId, Refusal>) -> String {
    let reasons = refused.iter().map(|(id, refusal)| format!("; {id}: {refusal}"));
    reasons.collect()
}

/// An envelope as DSSE writes it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EnvelopeDocument {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureDocument>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignatureDocument {
    keyid: KeyId,
    sig: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_the_standard_says() {
        // The example of DSSE's protocol.
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
