//! Previews of what a manifest does to dependents, kept in the bundle.

use std::collections::BTreeMap;

use artifact::Digest;
use code_model::manifest::Manifest;

use super::GenerateRequest;
use super::pipeline::Compared;
use crate::bundle::BundleFolder;
use crate::{Error, ErrorCode, World};

/// Writes `patches/NAME.patch` for each dependent that was named.
pub(super) fn write(
    request: &GenerateRequest,
    _: &Compared,
    _: &Manifest,
    _: &BundleFolder,
    _: &World,
) -> Result<BTreeMap<String, Digest>, Error> {
    if request.previews.is_empty() {
        return Ok(BTreeMap::new());
    }
    Err(Error::user(ErrorCode::UsageError, "previews are not written yet")
        .hint("run onx-migrate apply --dry-run --diff-output FILE"))
}
