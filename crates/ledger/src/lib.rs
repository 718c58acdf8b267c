//! What happened, provably: keys and signatures.
//!
//! Everything here is pure. Time comes as an argument, keys are made from bytes that the caller
//! drew, and nothing is read or written.

mod key;

pub use key::{
    KeyError, KeyId, KeyIdError, PublicKey, SecretText, Signature, SignatureError, Signer,
    SignerError, SigningKey,
};
