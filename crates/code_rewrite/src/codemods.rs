//! The codemods there are. Renaming is none of them: it runs last, on what they leave.

use crate::Codemod;
use crate::call::Calls;
use crate::keys::Keys;
use crate::member::Members;
use crate::resources::Resources;

/// Every codemod, in the order in which they look at a file.
pub(crate) const ALL: &[&dyn Codemod] = &[&Calls, &Members, &Keys, &Resources];
