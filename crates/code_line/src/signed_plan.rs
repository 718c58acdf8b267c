//! What a task is to do, signed: a worker does only what somebody asked for whom it trusts, whoever
//! else can write into the store.

use artifact::{canonical_json, shown};
use ledger::{Envelope, Line, PlanMade, Statement, Subject};
use run::{Task, TaskPlan, Work};
use serde_json::{Map, Value};

use crate::signed_file::{namespace, state_of, verified};
use crate::trust::SignatureState;
use crate::{Error, ErrorCode, ErrorKind, World};

/// How long the scope of a signature is at most, in bytes.
const SCOPE_LIMIT_BYTES: usize = 400;

/// The policy that a plan was checked against, as long as none is asked of it.
const NO_POLICY: &str = "none";

/// A part of the metadata of a task that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedPart {
    /// The work that onx does, under the title of the task.
    Work,
    /// What a planner said is to be done, under the id of the task.
    Plan,
}

impl PlannedPart {
    const fn name(self) -> &'static str {
        match self {
            Self::Work => Work::METADATA,
            Self::Plan => TaskPlan::METADATA,
        }
    }

    /// Under which name the metadata of a task holds the signature of this part.
    pub const fn signature_name(self) -> &'static str {
        match self {
            Self::Work => Work::SIGNATURE_METADATA,
            Self::Plan => TaskPlan::SIGNATURE_METADATA,
        }
    }

    fn scope(self, task: &Task) -> &str {
        match self {
            Self::Work => &task.title,
            Self::Plan => task.task_id.as_str(),
        }
    }
}

/// Signs this part of the metadata of a task with the own key, for this scope: the title of the
/// task for its work, its id for its plan. The signature goes into the metadata beside the part.
pub fn sign_part(
    world: &World,
    part: PlannedPart,
    metadata: &mut Map<String, Value>,
    scope: &str,
) -> Result<(), Error> {
    let internal = |what: &str| Error::internal(format!("{what} of a task has no form"));
    let planned = metadata.get(part.name()).ok_or_else(|| internal("a part"))?;
    let bytes = canonical_json(planned).map_err(|error| internal("a part").caused_by(error))?;
    let key = world.trust.own_key()?;
    let made = PlanMade {
        author: key.owner.clone(),
        namespace: namespace()?,
        policy_version: line(NO_POLICY)?,
        scope: line(&scope_text(scope))?,
    };
    let subject = Subject::of(line(&format!("{}.json", part.name()))?, &bytes);
    let statement = Statement::new(vec![subject], made)
        .map_err(|error| internal("a statement").caused_by(error))?;
    let envelope = Envelope::sign(&statement, &*key.signer)
        .map_err(|error| Error::internal("a task could not be signed").caused_by(error))?;
    let bytes = envelope.write().map_err(|error| internal("a signature").caused_by(error))?;
    let value =
        serde_json::from_slice(&bytes).map_err(|error| internal("a signature").caused_by(error))?;
    metadata.insert(part.signature_name().to_owned(), value);
    Ok(())
}

/// What the signature of this part of a task is worth here. It stands for the part as it was signed
/// and for the task that it was signed for.
pub fn signature_of_part(
    world: &World,
    part: PlannedPart,
    task: &Task,
) -> Result<SignatureState, Error> {
    let broken = |why: String| Ok(SignatureState::Broken { why });
    let Some(signature) = task.metadata.get(part.signature_name()) else {
        return Ok(SignatureState::Unsigned);
    };
    let Some(planned) = task.metadata.get(part.name()) else {
        return broken("what it is the signature of is gone".to_owned());
    };
    let forms = canonical_json(signature).and_then(|form| Ok((form, canonical_json(planned)?)));
    let (signature, planned) = match forms {
        Ok(forms) => forms,
        Err(error) => return broken(error.to_string()),
    };
    let envelope = match Envelope::read(&signature) {
        Ok(envelope) => envelope,
        Err(error) => return broken(error.to_string()),
    };
    let verified = match verified::<PlanMade>(world, &envelope, &planned)? {
        Ok(verified) => verified,
        Err(state) => return Ok(state),
    };
    let signed_for = verified.statement().predicate().scope.as_str();
    if signed_for != scope_text(part.scope(task)) {
        return broken(format!("it is signed for `{signed_for}`"));
    }
    Ok(state_of(&verified))
}

/// Refuses work that nobody signed who is trusted here, unless it may be unsigned; one whose
/// signature does not hold in any case.
pub fn expect_signed_work(
    world: &World,
    task: &Task,
    allow_unsigned: bool,
) -> Result<SignatureState, Error> {
    let state = signature_of_part(world, PlannedPart::Work, task)?;
    let id = &task.task_id;
    let refused = |kind, message: String| Error::new(kind, ErrorCode::SignatureError, message);
    match &state {
        SignatureState::Signed { .. } => Ok(state),
        SignatureState::Broken { why } => {
            let message = format!("the signature of the work of `{id}` does not hold");
            let hint = "somebody changed the task in the store: look who can, and ask for it anew";
            Err(refused(ErrorKind::Conflict, message).detail(why.clone()).hint(hint))
        }
        _ if allow_unsigned => Ok(state),
        SignatureState::Untrusted { why, hint } => {
            let message = format!("nobody who is trusted here signed the work of `{id}`");
            let hint = format!("{hint}; --allow-unsigned does it as it is, and the run says so");
            Err(refused(ErrorKind::Config, message).detail(why.clone()).hint(hint))
        }
        SignatureState::Unsigned => {
            let message = format!("nobody signed the work of `{id}`");
            let hint = "ask for it anew with this onx, or say --allow-unsigned, which is recorded";
            Err(refused(ErrorKind::User, message).hint(hint))
        }
    }
}

/// A scope as it fits a statement: without what deceives the eye, and not too long.
fn scope_text(scope: &str) -> String {
    let shown = shown(scope);
    let mut text = String::new();
    for letter in shown.chars() {
        if text.len() + letter.len_utf8() > SCOPE_LIMIT_BYTES {
            break;
        }
        text.push(letter);
    }
    if text.is_empty() { "-".to_owned() } else { text }
}

fn line(text: &str) -> Result<Line, Error> {
    text.parse().map_err(|error: ledger::WordError| {
        Error::internal("a task has no line of its own").caused_by(error)
    })
}
