//! Decisions of a review that is not done yet: they outlive whoever made them.

use std::path::PathBuf;

use artifact::TreePath;
use host::{
    FileError, FileErrorKind, FileLock, Place, lock_patiently, remove_temporary_files, tree_path,
};

use super::{ReviewDecision, read_decisions};
use crate::bundle::LoadedManifest;
use crate::{Error, ErrorCode, World};

/// The longest file of decisions that is read, in bytes.
const LIMIT_BYTES: u64 = 64 << 20;

/// The decisions about one manifest that wait for the end of its review, in the user's state.
#[derive(Debug)]
pub struct KeptDecisions<'a> {
    world: &'a World,
    path: TreePath,
}

impl<'a> KeptDecisions<'a> {
    /// Those about this manifest.
    pub fn of(loaded: &LoadedManifest, world: &'a World) -> Result<Self, Error> {
        let path = TreePath::new(&format!("reviews/{}.json", loaded.digest.hex()))
            .map_err(|error| Error::internal("decisions have no usable name").caused_by(error))?;
        Ok(Self { world, path })
    }

    /// The file that holds them, which is a file of decisions like any other.
    pub fn path(&self) -> PathBuf {
        self.place().to_path()
    }

    /// What was decided so far.
    pub fn read(&self) -> Result<Vec<ReviewDecision>, Error> {
        match self.world.files.read(self.place(), LIMIT_BYTES) {
            Ok(bytes) => read_decisions(&bytes).map_err(|error| {
                let path = self.path();
                error.hint(format!("`{}` was changed: remove it to begin anew", path.display()))
            }),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => {
                let message = "the decisions that were made before cannot be read";
                Err(Error::outside(ErrorCode::StoreError, message, error))
            }
        }
    }

    /// Keeps one more decision, in place of another one about the same item; all that are kept
    /// then, this one last. `before` is what whoever decides has decided already: what somebody
    /// else decided or carried out meanwhile takes nothing of it away.
    pub fn keep(
        &self,
        before: &[ReviewDecision],
        decision: ReviewDecision,
    ) -> Result<Vec<ReviewDecision>, Error> {
        self.change(|kept| {
            let mut decisions = together(kept, before);
            decisions.retain(|other| other.item != decision.item);
            decisions.push(decision);
            decisions
        })
    }

    /// Takes back what was decided about an item; all that are kept then.
    pub fn take_back(
        &self,
        before: &[ReviewDecision],
        item: &str,
    ) -> Result<Vec<ReviewDecision>, Error> {
        self.change(|kept| {
            let mut decisions = together(kept, before);
            decisions.retain(|other| other.item != item);
            decisions
        })
    }

    /// Forgets those that stand in a manifest now. What somebody else decided meanwhile stays.
    pub fn forget(&self, carried_out: &[ReviewDecision]) -> Result<(), Error> {
        if self.read()?.iter().all(|decision| !carried_out.contains(decision)) {
            return Ok(());
        }
        let left = |mut kept: Vec<ReviewDecision>| {
            kept.retain(|decision| !carried_out.contains(decision));
            kept
        };
        self.change(left).map(drop)
    }

    /// Replaces what is kept by what becomes of it, while nobody else does; a file of none goes.
    fn change(
        &self,
        becomes: impl FnOnce(Vec<ReviewDecision>) -> Vec<ReviewDecision>,
    ) -> Result<Vec<ReviewDecision>, Error> {
        let _held = self.lock()?;
        let kept = self.read()?;
        let decisions = becomes(kept.clone());
        let files = &*self.world.files;
        // Whoever was ended while he wrote left a part of it here.
        let cleared = remove_temporary_files(files, self.place());
        let written = match cleared {
            Ok(_) if decisions.is_empty() => self.remove(),
            Ok(_) if decisions == kept => Ok(()),
            Ok(_) => files.write(self.place(), &json(&decisions)?, Some(0o600)),
            Err(error) => Err(error),
        };
        written.map_err(|error| {
            let hint = error.hint().to_owned();
            let message = "what was decided could not be kept";
            Error::outside(ErrorCode::StoreError, message, error).hint(hint)
        })?;
        Ok(decisions)
    }

    fn remove(&self) -> Result<(), FileError> {
        match self.world.files.remove_file(self.place()) {
            Err(error) if error.kind != FileErrorKind::Missing => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps other reviews on this machine from changing what is kept meanwhile.
    fn lock(&self) -> Result<FileLock, Error> {
        let (files, base) = (&*self.world.files, &self.world.folders.state);
        let locked = tree_path("reviews/lock").and_then(|path| {
            files.create_base(base)?;
            files.create_parents(base, &path)?;
            lock_patiently(files, Place::new(base, &path), "somebody who reviews")
        });
        locked.map_err(|error| {
            let hint = error.hint().to_owned();
            let message = "what was decided could not be kept";
            Error::outside(ErrorCode::StoreError, message, error).hint(hint)
        })
    }

    fn place(&self) -> Place<'_> {
        Place::new(&self.world.folders.state, &self.path)
    }
}

/// What is kept, and of what was decided before what is not kept any more.
fn together(mut kept: Vec<ReviewDecision>, before: &[ReviewDecision]) -> Vec<ReviewDecision> {
    let is_missing = |it: &&ReviewDecision| kept.iter().all(|other| other.item != it.item);
    let missing: Vec<ReviewDecision> = before.iter().filter(is_missing).cloned().collect();
    kept.extend(missing);
    kept
}

fn json(decisions: &[ReviewDecision]) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(decisions)
        .map_err(|error| Error::internal("decisions have no JSON form").caused_by(error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use code_model::report::ReviewVerdict;
    use host::temporary_path;

    use super::*;

    fn kept(world: &World) -> KeptDecisions<'_> {
        KeptDecisions { world, path: TreePath::new("reviews/0.json").expect("a path") }
    }

    fn decision(item: &str, reason: &str) -> ReviewDecision {
        ReviewDecision {
            item: item.to_owned(),
            verdict: ReviewVerdict::Rejected,
            to: None,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn reviews_at_the_same_time_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::of_a_test(folder.path());
        std::thread::scope(|scope| {
            for person in 0..4 {
                let world = &world;
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    for number in 0..10 {
                        let decision = decision(&format!("OP{person}{number}"), "no");
                        mine = kept(world).keep(&mine, decision).expect("it is kept");
                    }
                });
            }
        });
        let all = kept(&world).read().expect("decisions");
        assert_eq!(all.len(), 40, "{all:?}");

        let (mine, others) = all.split_at(15);
        kept(&world).forget(mine).expect("they are forgotten");
        assert_eq!(kept(&world).read().expect("decisions"), others);
        kept(&world).forget(others).expect("they are forgotten");
        assert!(!kept(&world).path().exists());
    }

    #[test]
    fn what_somebody_else_carried_out_is_not_taken_from_whoever_decided_it_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::of_a_test(folder.path());
        let mine = kept(&world).keep(&[], decision("OP001", "no")).expect("it is kept");
        kept(&world).forget(&mine).expect("they are forgotten");
        let mine = kept(&world).keep(&mine, decision("OP002", "no")).expect("it is kept");
        assert_eq!(mine, [decision("OP001", "no"), decision("OP002", "no")]);
        let mine = kept(&world).keep(&mine, decision("OP001", "not so")).expect("it is kept");
        assert_eq!(mine, [decision("OP002", "no"), decision("OP001", "not so")]);
        let mine = kept(&world).take_back(&mine, "OP002").expect("it is taken back");
        assert_eq!(mine, [decision("OP001", "not so")]);
        assert_eq!(kept(&world).read().expect("decisions"), mine);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what stands on the disk is what is tested")]
    fn what_an_interrupted_review_left_beside_them_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::of_a_test(folder.path());
        let reviews = world.folders.state.join("reviews");
        std::fs::create_dir_all(&reviews).expect("folders");
        let left = temporary_path(&kept(&world).path).expect("a path");
        std::fs::write(world.folders.state.join(left.as_str()), "[").expect("a file");
        kept(&world).keep(&[], decision("OP001", "no")).expect("it is kept");
        let names = std::fs::read_dir(reviews).expect("a folder");
        let mut names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["0.json", "lock"]);
    }
}
