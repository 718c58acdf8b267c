//! The library of operations that a maintainer adds to a manifest by hand.

mod add;
mod definition;
mod instance;

pub use add::{AddAnswer, AddRequest, AddedOperation, add};
pub use definition::{
    ParameterType, Repaired, Template, TemplateExample, TemplateOperation, TemplateParameter, find,
    library,
};
pub use instance::instantiate;

#[cfg(test)]
mod tests;
