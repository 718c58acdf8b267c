//! Randomness, for keys and for nothing that reaches an artifact.

/// The machine gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no random bytes: {0}")]
pub struct RandomnessError(getrandom::Error);

/// Bytes from the random number generator of the operating system, fit for keys; waits until that
/// was seeded once.
pub fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], RandomnessError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(RandomnessError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let (one, two) = (random_bytes::<32>(), random_bytes::<32>());
        assert_ne!(one.expect("bytes"), two.expect("bytes"));
    }
}
