//! Types of receivers, from a stub tree of the bundle.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use artifact::TreePath;
use code_model::DottedName;
use python::parse::SourceText;
use python::types::{OracleInput, TextTree, TypeOracle};

use crate::bundle::{LoadedManifest, name, read_named};
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

/// An oracle over these texts and the old version's stub tree, in which these modules are as the
/// new version has them; none when the bundle does not have it.
pub(super) fn old_oracle(
    loaded: &LoadedManifest,
    copies: &[DottedName],
    dependent: Texts,
    installed: Option<Arc<dyn TextTree>>,
    world: &World,
) -> Result<Option<TypeOracle>, Error> {
    let Some(mut core) = stub_tree(loaded, name::STUBS_FROM, world)? else { return Ok(None) };
    if !copies.is_empty()
        && let Some(new) = stub_tree(loaded, name::STUBS_TO, world)?
    {
        take_over(&mut core, new, copies);
    }
    Ok(Some(oracle_over(Arc::new(core), dependent, installed)))
}

/// Puts the stubs of these modules of the new version in the place of the old ones.
fn take_over(core: &mut Texts, new: Texts, copies: &[DottedName]) {
    let folders: Vec<String> = copies.iter().map(|copy| copy.as_str().replace('.', "/")).collect();
    let inside = |path: &TreePath| {
        folders.iter().any(|folder| {
            path.as_str()
                .strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.starts_with('/') || rest == ".pyi")
        })
    };
    core.retain(|path, _| !inside(path));
    core.extend(new.into_iter().filter(|(path, _)| inside(path)));
}

/// The texts of one stub tree of the bundle; none when the bundle does not have it.
pub(crate) fn stub_tree(
    loaded: &LoadedManifest,
    stubs: &str,
    world: &World,
) -> Result<Option<Texts>, Error> {
    let Some(bytes) = read_named(world, loaded, stubs)? else { return Ok(None) };
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
