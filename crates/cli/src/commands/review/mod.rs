//! `review`.

mod dialog;

use std::io::IsTerminal as _;

use code_line::bundle::{LoadedManifest, load_manifest};
use code_line::explain::explain;
use code_line::review::{
    KeptDecisions, ManifestInReview, OPEN_BELOW, ReviewAnswer, ReviewDecision, ReviewItem,
    ReviewRequest, WantedItems, open_items, read_decisions, review as carry_out,
};
use code_line::{Error, ErrorCode};
use code_model::report::ReviewVerdict;
use ledger::Event;

use self::dialog::{Desk, Dialog, Ended};
use super::Context;
use super::audit::{manifest_id, note_once, unlogged};
use super::explain::text as explanation_text;
use crate::Answer;
use crate::arguments::ReviewArguments;
use crate::words::{Lines, amount};

/// Largest file of decisions, in bytes.
const DECISIONS_LIMIT_BYTES: u64 = 64 << 20;

pub(crate) fn review(context: &Context<'_>, arguments: &ReviewArguments) -> Result<Answer, Error> {
    let loaded = load_manifest(&context.world, &arguments.manifest)?;
    let items = open_items(&loaded, &wanted(arguments));
    let given = given(context, arguments)?;
    let kept = KeptDecisions::of(&loaded, &context.world)?;
    if !given.is_empty() {
        say_what_is_left_out(context, &kept, &given);
        let answer = written(context, arguments, &loaded, &given)?;
        // The manifest is written, and whoever gave these may never have kept any.
        if let Err(error) = kept.forget(&given) {
            context.output.trouble(&error);
        }
        return Ok(answer);
    }
    let asks = std::io::stdin().is_terminal() && !arguments.list && !context.output.is_json();
    if !asks {
        return list(context, &items);
    }
    let decisions = kept.read()?;
    if items.is_empty() && decisions.is_empty() {
        return list(context, &items);
    }
    let manifest = ManifestInReview::open(&loaded, arguments.unchecked, &context.world)?;
    let desk = Terminal { context, arguments, loaded: &loaded, manifest, kept: &kept };
    converse(&desk, items, decisions)
}

/// Goes through the items in the terminal; only what the person there asks for is written.
fn converse(
    desk: &Terminal<'_>,
    wanted: Vec<ReviewItem>,
    decisions: Vec<ReviewDecision>,
) -> Result<Answer, Error> {
    let Terminal { context, arguments, loaded, kept, .. } = desk;
    // What was decided about something else is written, too, so a person can go back to it.
    let mut items = open_items(loaded, &WantedItems::all());
    items.retain(|item| {
        wanted.iter().all(|wanted| wanted.item != item.item)
            && decisions.iter().any(|decision| decision.item == item.item)
    });
    if !decisions.is_empty() {
        let decided = amount(decisions.len() as u32, "decision", "decisions");
        let elsewhere = match items.len() {
            0 => String::new(),
            n => format!(", {n} of them about what is not asked about now"),
        };
        context.output.note(&format!("going on after {decided} made before{elsewhere}\n"));
    }
    items.extend(wanted);
    let mut dialog = Dialog { items: &items, decisions, desk };
    let ended = dialog.run(&mut std::io::stdin().lock())?;
    let decisions = dialog.decisions;
    if ended == Ended::Later {
        let decided = amount(kept.read()?.len() as u32, "decision is", "decisions are");
        context.output.note(&format!("\n{decided} kept; the same command goes on\n"));
        return Ok(Answer::No);
    }
    let answer = written(context, arguments, loaded, &decisions)
        .map_err(|error| desk.with_what_is_kept(error))?;
    kept.forget(&decisions)?;
    Ok(answer)
}

/// Says that decisions wait which the command line does not bring: who gave them in the terminal
/// may take them for a part of this.
fn say_what_is_left_out(context: &Context<'_>, kept: &KeptDecisions<'_>, given: &[ReviewDecision]) {
    let left = match kept.read() {
        Ok(decisions) => decisions.into_iter().filter(|it| !given.contains(it)).count(),
        Err(error) => return context.output.trouble(&error),
    };
    if left > 0 {
        let decisions = amount(left as u32, "decision", "decisions");
        let path = kept.path().display().to_string();
        context.output.note(&format!(
            "{decisions} of an earlier review of this manifest wait and are no part of this: \
             --decisions {path} takes them with it, and `onx-manifest review` without decisions \
             goes on with them\n"
        ));
    }
}

/// What the user asks about.
fn wanted(arguments: &ReviewArguments) -> WantedItems {
    WantedItems { below: arguments.below, kinds: arguments.kind.clone() }
}

/// The decisions that the command line and a file bring.
fn given(context: &Context<'_>, arguments: &ReviewArguments) -> Result<Vec<ReviewDecision>, Error> {
    let reason = arguments.reason.clone().unwrap_or_default();
    let decision = |item: &String, verdict, to| ReviewDecision {
        item: item.clone(),
        verdict,
        to,
        reason: reason.clone(),
    };
    let accepted = arguments.accept.iter();
    let accepted = accepted.map(|item| decision(item, ReviewVerdict::Accepted, None));
    let rejected = arguments.reject.iter();
    let rejected = rejected.map(|item| decision(item, ReviewVerdict::Rejected, None));
    let edited = arguments.edit.iter();
    let edited = edited.map(|(item, to)| decision(item, ReviewVerdict::Edited, Some(to.clone())));
    let mut given: Vec<ReviewDecision> = accepted.chain(rejected).chain(edited).collect();
    if let Some(path) = &arguments.decisions {
        let read = read_decisions(&context.read_file(path, DECISIONS_LIMIT_BYTES)?)?;
        if read.is_empty() {
            let message = format!("`{}` holds no decision", path.display());
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("`onx-manifest review MANIFEST --list` shows what is open"));
        }
        given.extend(read);
    }
    Ok(given)
}

/// Carries the decisions out, writes down that they were made and says what came of them.
fn written(
    context: &Context<'_>,
    arguments: &ReviewArguments,
    loaded: &LoadedManifest,
    decisions: &[ReviewDecision],
) -> Result<Answer, Error> {
    let request = ReviewRequest {
        manifest: arguments.manifest.clone(),
        shown: loaded.digest,
        decisions: decisions.to_vec(),
        wanted: wanted(arguments),
        unchecked: arguments.unchecked,
        out: arguments.out.clone(),
    };
    let answer = carry_out(&request, &context.world)?;
    let (manifest_id, parent_id) =
        (manifest_id(&answer.manifest_digest)?, manifest_id(&loaded.digest)?);
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&answer_text(&answer, arguments))?;
        context.output.note(&format!("next  {}\n", next_command(&answer, arguments)));
    }
    let subject = manifest_id.to_string();
    let event = Event::ManifestReviewed {
        accepted: u64::from(answer.accepted),
        edited: u64::from(answer.edited),
        manifest_id,
        parent_id,
        rejected: u64::from(answer.rejected),
    };
    // The same decisions make the same manifest, however often they are carried out.
    note_once(context, None, false, event, &subject)
        .map_err(|error| unlogged(error, "the new manifest is written"))?;
    Ok(if answer.open == 0 { Answer::Yes } else { Answer::No })
}

/// What is to be done with the new manifest: to decide the rest of it, or to use it.
fn next_command(answer: &ReviewAnswer, arguments: &ReviewArguments) -> String {
    let manifest = &answer.manifest_uri;
    if answer.open == 0 {
        return format!(
            "onx-migrate apply --manifest {manifest} --target ./your_package --dry-run"
        );
    }
    let mut next = format!("onx-manifest review {manifest}");
    if arguments.below.to_bits() != OPEN_BELOW.to_bits() {
        next.push_str(&format!(" --below {}", arguments.below));
    }
    for kind in &arguments.kind {
        next.push_str(&format!(" --kind {kind}"));
    }
    next
}

fn answer_text(answer: &ReviewAnswer, arguments: &ReviewArguments) -> String {
    let ReviewAnswer { accepted, rejected, edited, open, .. } = answer;
    let left = match open {
        0 if arguments.kind.is_empty() => "nothing is open".to_owned(),
        0 => format!("nothing is open of {}", arguments.kind.join(", ")),
        n => format!("{} open still", amount(*n, "item is", "items are")),
    };
    let mut lines = Lines::default();
    lines.push([
        "manifest".to_owned(),
        answer.manifest_uri.clone(),
        answer.manifest_digest.short(),
        answer.signature.words(),
        format!("made from {}", answer.parent.short()),
    ]);
    let decided = format!("accepted {accepted}, rejected {rejected}, edited {edited}; {left}\n");
    decided + &lines.finish()
}

fn list(context: &Context<'_>, items: &[ReviewItem]) -> Result<Answer, Error> {
    if context.output.is_json() {
        context.output.json(&items)?;
    } else {
        let mut lines = Lines::default();
        for item in items {
            let kind = item.kind.clone().unwrap_or_else(|| "open name".to_owned());
            let sure = item.kind.as_ref().map(|_| format!("{:.2}", item.confidence));
            let covers = match item.covers {
                0 => String::new(),
                n => amount(n, "path", "paths"),
            };
            let breaks = if item.breaking { "breaks" } else { "" }.to_owned();
            let subject = match item.candidates.as_slice() {
                [first, ..] if item.kind.is_none() => {
                    let more = match item.candidates.len() - 1 {
                        0 => String::new(),
                        n => format!(" and {n} more"),
                    };
                    format!("perhaps {}{more}", first.name)
                }
                _ => item.subject.clone(),
            };
            let sure = sure.unwrap_or_default();
            lines.push([item.item.clone(), kind, sure, breaks, covers, subject]);
        }
        let text = lines.finish();
        context.output.result(if items.is_empty() { "nothing is open\n" } else { &text })?;
    }
    Ok(if items.is_empty() { Answer::Yes } else { Answer::No })
}

/// An item with what speaks for it, in a few lines.
fn item_text(item: &ReviewItem) -> String {
    let mut out = match &item.kind {
        Some(kind) => {
            format!("{}  {}\n  {kind}, {:.2} sure", item.item, item.subject, item.confidence)
        }
        None => format!("{}\n  gone, with several plausible successors", item.item),
    };
    if item.breaking {
        out.push_str("; a dependent that does nothing breaks");
    }
    if item.covers > 0 {
        let paths = amount(item.covers, "public path", "public paths");
        out.push_str(&format!("; {paths} that went away"));
    }
    out.push('\n');
    if let Some(note) = &item.note {
        out.push_str(&format!("  {note}\n"));
    }
    for witness in item.evidence.iter().flat_map(|evidence| &evidence.witnesses).take(4) {
        let version = if witness.version == "from" { "old" } else { "new" };
        out.push_str(&format!(
            "  {}:{} ({version}): {}\n",
            witness.file, witness.line, witness.text
        ));
    }
    for (place, candidate) in item.candidates.iter().enumerate() {
        out.push_str(&format!("  {}  {:.2}  {}\n", place + 1, candidate.score, candidate.name));
    }
    out
}

/// The terminal at which somebody decides.
struct Terminal<'a> {
    context: &'a Context<'a>,
    arguments: &'a ReviewArguments,
    loaded: &'a LoadedManifest,
    manifest: ManifestInReview<'a>,
    kept: &'a KeptDecisions<'a>,
}

impl Terminal<'_> {
    /// The same error, whose hint says where the decisions are.
    fn with_what_is_kept(&self, error: Error) -> Error {
        let hint = error.report().hint.map_or_else(String::new, |hint| format!("{hint}; "));
        let path = self.kept.path();
        error.hint(format!("{hint}what was decided is kept in `{}`", path.display()))
    }
}

impl Desk for Terminal<'_> {
    fn say(&self, text: &str) -> Result<(), Error> {
        self.context.output.result(text)
    }

    fn check(&self, decision: &ReviewDecision) -> Result<(), Error> {
        self.manifest.expect_possible(decision)
    }

    fn check_together(&self, decisions: &[ReviewDecision]) -> Result<(), Error> {
        self.manifest.expect_compatible(decisions).map_err(|error| self.with_what_is_kept(error))
    }

    fn keep(
        &self,
        before: &[ReviewDecision],
        decision: ReviewDecision,
    ) -> Result<Vec<ReviewDecision>, Error> {
        self.kept.keep(before, decision)
    }

    fn take_back(
        &self,
        before: &[ReviewDecision],
        item: &str,
    ) -> Result<Vec<ReviewDecision>, Error> {
        self.kept.take_back(before, item)
    }

    fn explain(&self, item: &ReviewItem) -> Result<String, Error> {
        let operations = &self.loaded.manifest.operations;
        let Some(operation) = operations.iter().find(|operation| operation.id.0 == item.item)
        else {
            return Ok(item_text(item));
        };
        let explanation = explain(self.loaded, operation, true, &self.context.world)?;
        Ok(explanation_text(&explanation, self.loaded))
    }
}
