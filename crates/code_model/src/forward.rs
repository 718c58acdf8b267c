//! Bodies that do nothing but call another callable or read an attribute, over their own
//! parameters.
//!
//! Such a body says how a call of its owner is written without it. Names are generic: what one file
//! says counts references, what a snapshot says holds complete names.

use std::sync::Arc;

use artifact::TreePath;
use serde::{Deserialize, Serialize};

use crate::DottedName;

/// A body that hands on, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardingBody {
    /// What the body does.
    pub forward: Forward<DottedName>,
    /// The file.
    pub file: TreePath,
    /// The line of what it hands on to, from 1.
    pub line: u32,
    /// What stands there, shortened.
    pub text: Arc<str>,
}

/// What a body hands on to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward<N> {
    /// The callable or attribute; for members of the receiver or of a parameter by their class.
    pub target: N,
    /// What the target is a member of.
    pub holder: ForwardHolder,
    /// What is passed; none when an attribute is read.
    pub arguments: Option<Vec<ForwardedArgument<N>>>,
    /// Whether the result is awaited.
    pub is_awaited: bool,
    /// Whether the result is given back.
    pub is_returned: bool,
    /// Whether the owner says that it is deprecated.
    pub is_deprecated: bool,
}

/// What the target of a body is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardHolder {
    /// Nothing: it is reached by its name.
    None,
    /// The owner's own receiver: the instance or its class.
    Receiver,
    /// The value of this parameter, whose annotation names the class.
    Parameter(Arc<str>),
}

/// One argument that a body passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedArgument<N> {
    /// How it is passed.
    pub form: ForwardedForm,
    /// Its source text in parts.
    pub value: Vec<ForwardedPart<N>>,
}

/// How an argument is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardedForm {
    /// By position.
    Positional,
    /// By this keyword.
    Keyword(Arc<str>),
    /// `*args`.
    Starred,
    /// `**kwargs`.
    DoubleStarred,
}

/// A part of an argument's source text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardedPart<N> {
    /// A parameter of the owner.
    Parameter(Arc<str>),
    /// A name of the module.
    Name(N),
    /// Literals, operators and brackets.
    Text(Arc<str>),
}

impl<N> Forward<N> {
    /// The same with other names; none where one of them has no other name.
    pub fn renamed<M>(&self, mut other: impl FnMut(&N) -> Option<M>) -> Option<Forward<M>> {
        let mut part = |part: &ForwardedPart<N>| {
            Some(match part {
                ForwardedPart::Parameter(name) => ForwardedPart::Parameter(name.clone()),
                ForwardedPart::Name(name) => ForwardedPart::Name(other(name)?),
                ForwardedPart::Text(text) => ForwardedPart::Text(text.clone()),
            })
        };
        let arguments = match &self.arguments {
            None => None,
            Some(arguments) => {
                let mut renamed = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let value = argument.value.iter().map(&mut part).collect::<Option<_>>()?;
                    renamed.push(ForwardedArgument { form: argument.form.clone(), value });
                }
                Some(renamed)
            }
        };
        Some(Forward {
            target: other(&self.target)?,
            holder: self.holder.clone(),
            arguments,
            is_awaited: self.is_awaited,
            is_returned: self.is_returned,
            is_deprecated: self.is_deprecated,
        })
    }
}
