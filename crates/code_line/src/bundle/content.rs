//! Content of a bundle's file, written part by part.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use artifact::{Digest, DigestBuilder};

/// What is written to the disk at a time: small enough for the caches of a processor.
const PART_BYTES: usize = 256 * 1024;

/// Knows how to write a file, as often as it is asked, without holding it in memory.
#[derive(Clone)]
pub struct Content<'a>(Arc<Writing<'a>>);

type Writing<'a> = dyn Fn(&mut Parts<'_>) -> io::Result<()> + Send + Sync + 'a;

impl<'a> Content<'a> {
    /// What this writes.
    pub fn new(write: impl Fn(&mut Parts<'_>) -> io::Result<()> + Send + Sync + 'a) -> Self {
        Self(Arc::new(write))
    }

    /// These bytes.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::new(move |out| out.write_all(&bytes))
    }

    /// Writes everything, and gives its digest.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<Digest> {
        let buffer = Vec::with_capacity(PART_BYTES);
        let mut parts = Parts { buffer, digest: DigestBuilder::default(), out };
        (self.0)(&mut parts)?;
        parts.flush()?;
        Ok(parts.digest.finish())
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content")
    }
}

/// Collects small writes to large parts, and takes the digest of each while it is at hand.
pub struct Parts<'a> {
    buffer: Vec<u8>,
    digest: DigestBuilder,
    out: &'a mut dyn Write,
}

impl Write for Parts<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > PART_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.digest.update(&self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_to_the_whole() {
        let line = "0123456789\n".repeat(1000);
        let content = Content::new(|out| (0..100).try_for_each(|_| out.write_all(line.as_bytes())));
        for _ in 0..2 {
            let mut bytes = Vec::new();
            let digest = content.write(&mut bytes).expect("memory takes everything");
            assert_eq!(bytes, line.repeat(100).into_bytes());
            assert_eq!(digest, Digest::of(&bytes));
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let content = Content::of_bytes(vec![0; 10]);
        assert!(content.write(&mut [0; 5].as_mut_slice()).is_err());
    }
}
