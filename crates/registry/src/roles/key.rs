//! Keys of roles. onx signs with ed25519; it verifies with every kind that the specification
//! names, because keys that are kept in hardware or by a service are often of another one.

use artifact::{hex, unhex};
use ledger::PublicKey;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spki::{Document, ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::metadata::OtherFields;

/// The label of a public key in PEM (RFC 7468, section 13).
const LABEL: &str = "PUBLIC KEY";

/// `id-ecPublicKey` (RFC 5480, section 2.1.1).
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// `secp256r1`, which NIST calls P-256 (RFC 5480, section 2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A public key as metadata holds it, of whichever kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The kind of key.
    pub keytype: String,
    /// The way of signing.
    pub scheme: String,
    /// The key itself.
    pub keyval: OtherFields,
    /// What else is said of it.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Key {
    /// The document of this key.
    pub fn new(key: &PublicKey) -> Self {
        let public = Value::String(hex(key.as_bytes()));
        Self {
            keytype: "ed25519".to_owned(),
            scheme: "ed25519".to_owned(),
            keyval: [("public".to_owned(), public)].into(),
            other: OtherFields::new(),
        }
    }

    /// The key, if it is of a kind and scheme that onx verifies with.
    pub fn verifying(&self) -> Option<VerifyingKey> {
        let text = self.keyval.get("public")?.as_str()?;
        match (self.keytype.as_str(), self.scheme.as_str()) {
            ("ed25519", "ed25519") => {
                PublicKey::from_bytes(&unhex(text)?).ok().map(VerifyingKey::Ed25519)
            }
            ("ecdsa", "ecdsa-sha2-nistp256") => point_on_p256(text).map(VerifyingKey::EcdsaP256),
            ("rsa", "rsassa-pss-sha256") => rsa_key(text).map(VerifyingKey::RsaPss),
            _ => None,
        }
    }
}

/// A key that verifies. Two of them are equal where they are the same key, whatever metadata calls
/// them and however it writes them down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyingKey {
    /// Ed25519 (RFC 8032).
    Ed25519(PublicKey),
    /// ECDSA on P-256 over SHA-256 (FIPS 186-5): the point, uncompressed.
    EcdsaP256(Vec<u8>),
    /// RSA with PSS over SHA-256 (RFC 8017): the modulus and the exponent in DER.
    RsaPss(Vec<u8>),
}

impl VerifyingKey {
    /// Whether this key signed this message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match self {
            Self::Ed25519(key) => key.verify(message, signature).is_ok(),
            Self::EcdsaP256(point) => by(&ECDSA_P256_SHA256_ASN1, point),
            Self::RsaPss(key) => by(&RSA_PSS_2048_8192_SHA256, key),
        }
    }
}

fn point_on_p256(text: &str) -> Option<Vec<u8>> {
    let document = document(text)?;
    let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes()).ok()?;
    let curve = info.algorithm.parameters_oid().ok()?;
    let known = info.algorithm.oid == ELLIPTIC && curve == P256;
    let point = info.subject_public_key.as_bytes().filter(|_| known)?;
    // The one form that the verifier takes; one point has no second one.
    (point.len() == 65 && point.first() == Some(&4)).then(|| point.to_vec())
}

fn rsa_key(text: &str) -> Option<Vec<u8>> {
    let document = document(text)?;
    let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes()).ok()?;
    let key = info.subject_public_key.as_bytes().filter(|_| info.algorithm.oid == RSA)?;
    Some(key.to_vec())
}

fn document(pem: &str) -> Option<Document> {
    let (label, document) = Document::from_pem(pem).ok()?;
    (label == LABEL).then_some(document)
}
