//! How alike two signatures are.

use code_model::signature::{Parameter, Signature};

/// From 0 to 1: names weigh most, then order, defaults and kinds. None when both take nothing.
pub(crate) fn similarity(old: &Signature, new: &Signature) -> Option<f64> {
    let (old, new) = (old.caller_parameters(), new.caller_parameters());
    let longer = old.len().max(new.len());
    if longer == 0 {
        return None;
    }
    let mut sum = 0.0;
    for (position, parameter) in old.iter().enumerate() {
        let same_place = new.get(position);
        let same_name = new.iter().find(|candidate| candidate.name == parameter.name);
        sum += match (same_name, same_place) {
            (Some(named), Some(placed)) if std::ptr::eq(named, placed) => {
                0.6 + rest(parameter, named)
            }
            (Some(named), _) => 0.45 + rest(parameter, named),
            (None, Some(placed)) if old.iter().all(|other| other.name != placed.name) => {
                0.2 + 0.5 * rest(parameter, placed)
            }
            _ => 0.0,
        };
    }
    Some(sum / longer as f64)
}

/// At most 0.4 for what is equal besides the name.
fn rest(old: &Parameter, new: &Parameter) -> f64 {
    0.2 * f64::from(old.kind == new.kind) + 0.2 * f64::from(old.default == new.default)
}
