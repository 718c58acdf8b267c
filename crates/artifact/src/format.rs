//! Names and versions of the formats that onx writes.

use std::fmt;

/// A format and its version, written `onx/NAME/VERSION` into every file of that format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatName {
    /// The noun, for example `snapshot`.
    pub name: &'static str,
    /// The version; readers refuse a higher one.
    pub version: u32,
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "onx/{}/{}", self.name, self.version)
    }
}
