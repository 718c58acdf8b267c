//! What in a public API is gone or different, and what that asks of the version number.

use code_model::report::{Breakage, Bump};
use code_model::snapshot::Snapshot;

use crate::inference::Inference;

/// Everything in the old version's public API that is gone or different in the new one, in order of the paths.
pub fn breakages(from: &Snapshot, to: &Snapshot, inference: &Inference) -> Vec<Breakage> {
    let _ = (to, inference);
    crate::surface::gone_paths(from, to)
        .into_iter()
        .filter_map(|path| {
            let module = from.modules.get(&path).map(|module| (module.file.clone(), 1));
            let symbol = from.symbols.get(&path).map(|s| (s.file.clone(), s.lines.0));
            let (file, line) = symbol.or(module)?;
            let message = format!("`{path}` is gone");
            let code = "object-removed".to_owned();
            Some(Breakage { path, code, bump: Bump::Major, message, file, line, successor: None })
        })
        .collect()
}

/// The smallest bump that the differences allow.
pub fn required_bump(from: &Snapshot, to: &Snapshot, breakages: &[Breakage]) -> Bump {
    let added = || {
        let old = crate::surface::access_paths(from);
        crate::surface::access_paths(to).iter().any(|(p, a)| a.public && !old.contains_key(p))
    };
    match breakages.iter().map(|breakage| breakage.bump).max() {
        Some(bump) => bump,
        None if added() => Bump::Minor,
        None => Bump::Patch,
    }
}
