//! What one file of a dependent says about names of other packages: imports, references, calls, members.

mod model;

pub use model::{
    Access, Argument, ArgumentForm, BindingId, CallId, CallSite, Certainty, ClassDefinition,
    ClassMember, Conditions, FileReferences, ImportBinding, ImportForm, ImportStatement, MemberUse,
    Place, Reference, ScopeId, Segment, SegmentForm, StatementId, StringForm,
};
