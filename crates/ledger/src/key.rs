//! Ed25519 keys and signatures (RFC 8032), verified strictly.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use artifact::{CanonicalError, ErrorKind, Sha256, canonical_json, hex, shown, strict_json, unhex};
use ed25519::pkcs8::spki::der::pem::LineEnding;
use ed25519::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer as _, VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest document of a public key and longest private key file that are read, in bytes.
const KEY_LIMIT: usize = 1024;

/// The name of a key: the SHA-256 of its canonical document, written as 64 hexadecimal digits, as
/// TUF 1.0 defines key ids. A name is a hint where to look and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct KeyId(Sha256);

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key id: expected 64 hexadecimal digits")]
pub struct KeyIdError(String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.hex())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;
    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let digest = format!("sha256:{text}").parse();
        let quoted = || KeyIdError(shown(&text.chars().take(80).collect::<String>()).into_owned());
        digest.map(Self).map_err(|_| quoted())
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;
    fn try_from(text: String) -> Result<Self, KeyIdError> {
        text.parse()
    }
}

/// An Ed25519 public key: a point of the curve in its one encoding and not of small order.
///
/// Its document is the key object of TUF 1.0, so that a key has the same id in every role.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(into = "KeyDocument", try_from = "KeyDocument")]
#[schemars(with = "KeyDocument")]
pub struct PublicKey(VerifyingKey);

/// Bytes or a text that are no key which onx would use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes encode no point of the curve, or a point in another encoding than its own.
    #[error("the bytes are no point of the curve in its canonical encoding")]
    NoPoint,
    /// A signature by such a key would fit many messages.
    #[error("the point has small order")]
    SmallOrder,
    /// The algorithm is not Ed25519.
    #[error("the key is of another kind than ed25519")]
    Algorithm,
    /// The document is no key, or not in its one form.
    #[error("the document is no public key in canonical form: {0}")]
    Document(String),
    /// The text is no PKCS#8 document with an Ed25519 private key.
    #[error("the text is no private key in PKCS#8 PEM form")]
    PrivateKey,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// An Ed25519 signature has 64 bytes.
    #[error("the signature has {0} bytes instead of 64")]
    Length(usize),
    /// The key did not sign this message, or did so in a form that is not the only one.
    #[error("the signature is not that of this key over these bytes")]
    Mismatch,
}

impl PublicKey {
    /// The key with this encoding (RFC 8032, 5.1.2). Refuses what is no point, what is a point in
    /// another than its canonical encoding, and points of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NoPoint)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NoPoint);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether this key signed this message. Strict: the scalar must be reduced, the point `R` must
    /// not be of small order, and the equation holds without the cofactor, so that all verifiers
    /// agree.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let bytes: &[u8; 64] =
            signature.try_into().map_err(|_| SignatureError::Length(signature.len()))?;
        let signature = ed25519_dalek::Signature::from_bytes(bytes);
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError::Mismatch)
    }

    /// The name of the key.
    pub fn id(&self) -> KeyId {
        KeyId(Sha256::of(self.plain_document().as_bytes()))
    }

    /// The canonical document: one line of JSON without an end of line.
    pub fn document(&self) -> Result<String, CanonicalError> {
        let bytes = canonical_json(self)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a document and refuses every other form than the canonical one.
    pub fn from_document(text: &str) -> Result<Self, KeyError> {
        if text.len() > KEY_LIMIT {
            return Err(KeyError::Document(format!("it is longer than {KEY_LIMIT} bytes")));
        }
        let key: Self = strict_json(text.as_bytes())
            .map_err(|error| KeyError::Document(shown(&error.to_string()).into_owned()))?;
        if key.plain_document() != text {
            return Err(KeyError::Document("it is written in another form".to_owned()));
        }
        Ok(key)
    }

    /// The same bytes as the canonical form of the document, without the ways in which writing
    /// JSON may fail: an id must always be there.
    fn plain_document(&self) -> String {
        let public = hex(self.as_bytes());
        format!(r#"{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex(self.as_bytes()))
    }
}

/// The key object of TUF 1.0.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    keytype: String,
    keyval: KeyValue,
    scheme: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyValue {
    public: String,
}

const ALGORITHM: &str = "ed25519";

impl From<PublicKey> for KeyDocument {
    fn from(key: PublicKey) -> Self {
        let keyval = KeyValue { public: hex(key.as_bytes()) };
        Self { keytype: ALGORITHM.to_owned(), keyval, scheme: ALGORITHM.to_owned() }
    }
}

impl TryFrom<KeyDocument> for PublicKey {
    type Error = KeyError;
    fn try_from(document: KeyDocument) -> Result<Self, KeyError> {
        if document.keytype != ALGORITHM || document.scheme != ALGORITHM {
            return Err(KeyError::Algorithm);
        }
        Self::from_bytes(&unhex(&document.keyval.public).ok_or(KeyError::NoPoint)?)
    }
}

/// An Ed25519 signature: 64 bytes that say nothing until a key has verified them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// A signature with these bytes.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex(&self.0))
    }
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Whoever holds the key could not be reached.
    #[error("the signer cannot be reached: {0}")]
    Unavailable(String),
    /// Whoever holds the key does not sign this.
    #[error("the signer refuses: {0}")]
    Refused(String),
    /// What came back is no signature by the key that was asked for.
    #[error("the signer gave a signature that its own key does not verify")]
    Wrong,
}

impl SignerError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) | Self::Wrong => ErrorKind::Outside,
            Self::Refused(_) => ErrorKind::User,
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => {
                "see whether the service that holds the key runs, and try again"
            }
            Self::Refused(_) => "ask who keeps the key whether you may sign with it",
            Self::Wrong => "see which version of the key the service signs with",
        }
    }
}

/// Who holds a private key and signs with it: memory, a file, or a service that never gives it out.
pub trait Signer {
    /// The signature over exactly these bytes.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError>;

    /// The key that verifies what [`Signer::sign`] gives.
    fn public_key(&self) -> PublicKey;
}

/// A private key in memory. Its bytes are overwritten when it goes, and nothing prints them.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of this seed (RFC 8032, 5.1.5), which must come from a good source of randomness and
    /// is a secret as the key is.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads a key file: PKCS#8 in PEM form (RFC 5958, RFC 7468, RFC 8410). A public key beside the
    /// private one must be its own.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.len() > KEY_LIMIT {
            return Err(KeyError::PrivateKey);
        }
        ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(Self).map_err(|_| KeyError::PrivateKey)
    }

    /// The text of a key file, which is a secret; it is overwritten when it goes. Without the
    /// public key, since not every reader takes the version of PKCS#8 that has it.
    pub fn to_pem(&self) -> Result<SecretText, KeyError> {
        let bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).map(SecretText).map_err(|_| KeyError::PrivateKey)
    }
}

impl Signer for SigningKey {
    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        Ok(Signature(self.0.sign(message).to_bytes()))
    }

    fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public_key())
    }
}

/// A text that nothing prints and that is overwritten when it goes.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself, for whoever writes it where it belongs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, 7.1, test 2.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

    fn key() -> SigningKey {
        SigningKey::from_seed(&unhex(SEED).expect("64 digits"))
    }

    #[test]
    fn the_key_and_the_signature_are_those_of_the_standard() {
        assert_eq!(hex(key().public_key().as_bytes()), PUBLIC);
        let signature = key().sign(&[0x72]).expect("memory does not fail");
        assert_eq!(
            hex(signature.as_bytes()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert_eq!(key().public_key().verify(&[0x72], signature.as_bytes()), Ok(()));
        let other = key().public_key().verify(&[0x73], signature.as_bytes());
        assert_eq!(other, Err(SignatureError::Mismatch));
        let short = key().public_key().verify(&[0x72], &signature.as_bytes()[..63]);
        assert_eq!(short, Err(SignatureError::Length(63)));
    }

    #[test]
    fn a_document_has_one_form() {
        let public = key().public_key();
        let text = public.document().expect("a key has a document");
        assert_eq!(text, public.plain_document());
        assert_eq!(PublicKey::from_document(&text), Ok(public));
        for position in 0..text.len() {
            for inserted in [" ", "\n", "\"", ",", "0"] {
                let mut other = text.clone();
                other.insert_str(position, inserted);
                assert_ne!(PublicKey::from_document(&other), Ok(public), "{other}");
            }
            let mut shorter = text.clone();
            shorter.remove(position);
            assert!(PublicKey::from_document(&shorter).is_err(), "{shorter}");
        }
        assert!(PublicKey::from_document(&text.to_uppercase()).is_err());
        assert!(PublicKey::from_document(&format!("{text}\n")).is_err());
        assert!(PublicKey::from_document(&text.replace("ed25519", "ed448")).is_err());
    }

    #[test]
    fn a_name_is_the_one_that_tuf_gives() {
        // The SHA-256 of the document, computed with another program.
        let id = key().public_key().id();
        assert_eq!(
            id.to_string(),
            "eaf1e23f6c823132f437a2eaa299a7950f7386631deff273db195bbd26209e2b"
        );
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("ab".parse::<KeyId>().is_err());
        assert!(id.to_string().to_uppercase().parse::<KeyId>().is_err());
    }

    #[test]
    fn points_of_small_order_and_odd_encodings_are_no_keys() {
        // All eight points of small order, and the encodings of them that are not canonical.
        for (encoding, error) in [
            ("0100000000000000000000000000000000000000000000000000000000000000", "order"),
            ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "order"),
            ("0000000000000000000000000000000000000000000000000000000000000000", "order"),
            ("0000000000000000000000000000000000000000000000000000000000000080", "order"),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "order"),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", "order"),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "order"),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "order"),
            ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "any"),
            ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "any"),
            ("0100000000000000000000000000000000000000000000000000000000000080", "any"),
            ("0200000000000000000000000000000000000000000000000000000000000000", "point"),
        ] {
            let refused = PublicKey::from_bytes(&unhex(encoding).expect("64 digits"));
            match error {
                "order" => assert_eq!(refused, Err(KeyError::SmallOrder), "{encoding}"),
                "point" => assert_eq!(refused, Err(KeyError::NoPoint), "{encoding}"),
                _ => assert!(refused.is_err(), "{encoding}"),
            }
        }
    }

    #[test]
    fn an_encoding_beyond_the_field_is_no_key() {
        // y = p + 3 and the like: the same point has a shorter encoding, so it would have two ids.
        let mut seen = 0;
        for low in 0xed..=0xff_u8 {
            for high in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (low, high);
                assert!(PublicKey::from_bytes(&bytes).is_err(), "{}", hex(&bytes));
                seen += usize::from(VerifyingKey::from_bytes(&bytes).is_ok_and(|k| !k.is_weak()));
            }
        }
        assert!(seen > 0, "no encoding here needs the check");
    }

    #[test]
    fn a_private_key_is_overwritten_when_it_goes() {
        fn is_overwritten<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        is_overwritten(&key().0);
        is_overwritten(&key().to_pem().expect("a key has a file").0);
    }

    #[test]
    fn a_private_key_is_written_read_and_never_printed() {
        let text = key().to_pem().expect("a key has a file");
        assert!(text.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let read = SigningKey::from_pem(text.reveal()).expect("it was just written");
        assert_eq!(read.public_key(), key().public_key());
        assert!(SigningKey::from_pem(&text.reveal()[..60]).is_err());
        assert!(SigningKey::from_pem(&"x".repeat(2000)).is_err());
        let printed = format!("{:?} {text:?}", key());
        assert!(!printed.contains(&SEED[..8]) && !printed.contains("PRIVATE"), "{printed}");
    }

    #[test]
    fn a_private_key_beside_a_foreign_public_one_is_refused() {
        let mut bytes = KeypairBytes { secret_key: key().0.to_bytes(), public_key: None };
        for (public, fits) in [(key(), true), (SigningKey::from_seed(&[7; 32]), false)] {
            let public = ed25519_dalek::pkcs8::PublicKeyBytes(*public.public_key().as_bytes());
            bytes.public_key = Some(public);
            let text = bytes.to_pkcs8_pem(LineEnding::LF).expect("it has a form");
            assert_eq!(SigningKey::from_pem(&text).is_ok(), fits);
        }
    }
}
