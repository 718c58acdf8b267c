//! Types of receivers, from a stub tree of the bundle.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use artifact::TreePath;
use python::parse::SourceText;
use python::types::{OracleInput, TextTree, TypeOracle};

use crate::bundle::LoadedManifest;
use crate::{Error, ErrorCode, World};

/// The version of Python that is assumed.
const PYTHON_VERSION: (u8, u8) = (3, 13);

/// A stub tree that is larger is not read to its end.
const STUBS_LIMIT_BYTES: u64 = 1 << 30;

/// The Python texts of a dependent, by path.
pub(crate) type Texts = BTreeMap<TreePath, Arc<str>>;

/// The text of each Python file.
pub(crate) fn texts<'a>(files: impl Iterator<Item = (&'a TreePath, &'a [u8])>) -> Texts {
    files
        .filter(|(path, _)| matches!(path.extension(), Some("py" | "pyi")))
        .filter_map(|(path, bytes)| {
            Some((path.clone(), SourceText::decode(bytes).ok()?.text.into()))
        })
        .collect()
}

/// An oracle over these texts and one stub tree of the bundle; none when the bundle does not have
/// it.
pub(super) fn oracle(
    loaded: &LoadedManifest,
    stubs: &str,
    dependent: Texts,
    installed: Option<Arc<dyn TextTree>>,
    world: &World,
) -> Result<Option<TypeOracle>, Error> {
    let core = stub_tree(loaded, stubs, world)?;
    Ok(core.map(|core| oracle_over(Arc::new(core), dependent, installed)))
}

/// The texts of one stub tree of the bundle; none when the bundle does not have it.
pub(crate) fn stub_tree(
    loaded: &LoadedManifest,
    stubs: &str,
    world: &World,
) -> Result<Option<Texts>, Error> {
    let Some(bytes) = loaded.folder.read(&*world.files, stubs)? else {
        return Ok(None);
    };
    stub_texts(bytes).map(Some).map_err(|error| {
        let message = format!("`{}` is no stub tree", loaded.folder.file(stubs).display());
        Error::user(ErrorCode::VerificationError, message).caused_by(error)
    })
}

/// An oracle over these texts, a stub tree and what is installed beside them.
pub(crate) fn oracle_over(
    core: Arc<Texts>,
    dependent: Texts,
    installed: Option<Arc<dyn TextTree>>,
) -> TypeOracle {
    let below = |root: &&str| dependent.keys().any(|path| path.parts().next() == Some(*root));
    let dependent_roots = ["src", "lib"].into_iter().filter(below);
    let dependent_roots = dependent_roots.filter_map(|root| TreePath::new(root).ok()).collect();
    TypeOracle::new(OracleInput {
        core,
        dependent: Arc::new(dependent),
        dependent_roots,
        installed,
        python_version: PYTHON_VERSION,
    })
}

fn stub_texts(bytes: Vec<u8>) -> Result<Texts, zip::result::ZipError> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes))?;
    let mut texts = BTreeMap::new();
    let mut left = STUBS_LIMIT_BYTES;
    for position in 0..archive.len() {
        let member = archive.by_index(position)?;
        let Ok(Ok(path)) = member.name().map(|name| TreePath::new(&name)) else { continue };
        let mut text = String::new();
        if member.take(left).read_to_string(&mut text).is_ok() {
            left = left.saturating_sub(text.len() as u64);
            texts.insert(path, Arc::from(text));
        }
    }
    Ok(texts)
}
