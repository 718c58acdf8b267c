//! The conversation in which a person decides, item by item.

use std::io::BufRead;

use code_line::Error;
use code_line::review::{ReviewDecision, ReviewItem};
use code_model::report::ReviewVerdict;

use super::item_text;
use crate::words::amount;

/// What a conversation needs of the rest.
pub(super) trait Desk {
    /// Shows a text.
    fn say(&self, text: &str) -> Result<(), Error>;
    /// Refuses a decision that could not be carried out.
    fn check(&self, decision: &ReviewDecision) -> Result<(), Error>;
    /// Refuses decisions that could not be carried out together.
    fn check_together(&self, decisions: &[ReviewDecision]) -> Result<(), Error>;
    /// Keeps one more decision beside those before; everything that is decided then, it last.
    fn keep(
        &self,
        before: &[ReviewDecision],
        decision: ReviewDecision,
    ) -> Result<Vec<ReviewDecision>, Error>;
    /// Takes back what was decided about an item; everything that is decided then.
    fn take_back(
        &self,
        before: &[ReviewDecision],
        item: &str,
    ) -> Result<Vec<ReviewDecision>, Error>;
    /// Everything that is known about an item.
    fn explain(&self, item: &ReviewItem) -> Result<String, Error>;
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The decisions are to be carried out.
    Write,
    /// They are kept for another time.
    Later,
}

/// Goes through the items.
pub(super) struct Dialog<'a> {
    pub(super) items: &'a [ReviewItem],
    pub(super) decisions: Vec<ReviewDecision>,
    pub(super) desk: &'a dyn Desk,
}

/// What a person answered.
enum Reply {
    Decided(ReviewVerdict, Option<String>),
    Explain,
    Skip,
    Back,
    TakeBack,
    Write,
    Later,
    Unclear,
}

impl Dialog<'_> {
    /// Asks about every item that nobody decided, and then whether all of it is to be written: that
    /// is never done without having been asked for. At the end of the input everything is kept.
    pub(super) fn run(&mut self, input: &mut dyn BufRead) -> Result<Ended, Error> {
        let items = self.items;
        let mut position = self.open_from(0);
        let mut shown = None;
        loop {
            let item = items.get(position);
            if shown != Some(position) {
                self.show(item)?;
                shown = Some(position);
            }
            let prompt = item.map(|item| prompt(item, position, items.len()));
            self.desk.say(prompt.as_deref().unwrap_or(LAST_PROMPT))?;
            let Some(line) = read_line(input) else { return Ok(Ended::Later) };
            match (reply(item, line.trim()), item) {
                (Reply::Decided(verdict, to), Some(item)) => {
                    if self.decide(item, verdict, to, input)? {
                        position = self.open_from(position + 1);
                    }
                }
                (Reply::Explain, Some(item)) => self.desk.say(&self.desk.explain(item)?)?,
                (Reply::Skip, Some(_)) => position = self.open_from(position + 1),
                (Reply::Back, _) => position = position.saturating_sub(1),
                (Reply::TakeBack, Some(item)) => {
                    self.decisions = self.desk.take_back(&self.decisions, &item.item)?;
                    shown = None;
                }
                (Reply::Write, _) if self.may_write()? => return Ok(Ended::Write),
                (Reply::Write, _) => {}
                (Reply::Later, _) => return Ok(Ended::Later),
                (_, Some(_)) => self.desk.say(HELP)?,
                (_, None) => self.desk.say(LAST_HELP)?,
            }
        }
    }

    /// The first item from this place on that nobody decided.
    fn open_from(&self, position: usize) -> usize {
        let is_open = |item: &&ReviewItem| self.decided(item).is_none();
        let decided = self.items.iter().skip(position).take_while(|item| !is_open(item));
        position + decided.count()
    }

    fn decided(&self, item: &ReviewItem) -> Option<&ReviewDecision> {
        self.decisions.iter().find(|decision| decision.item == item.item)
    }

    fn show(&self, item: Option<&ReviewItem>) -> Result<(), Error> {
        let Some(item) = item else { return self.desk.say(&format!("\n{}", self.so_far())) };
        self.desk.say(&format!("\n{}", item_text(item)))?;
        if let Some(ReviewDecision { verdict, reason, .. }) = self.decided(item) {
            self.desk.say(&format!("  {verdict} before: {reason}\n"))?;
        }
        Ok(())
    }

    /// Whether there is something to write that can be written; if not, it says why, and whoever
    /// decided corrects it here.
    fn may_write(&self) -> Result<bool, Error> {
        if self.decisions.is_empty() {
            self.desk.say("nothing was decided, so there is nothing to write\n")?;
            return Ok(false);
        }
        let Err(error) = self.desk.check_together(&self.decisions) else { return Ok(true) };
        self.desk.say(&crate::output::error_text(&error.report()))?;
        self.desk.say("nothing is written: b leads back to what was decided, u takes it back\n")?;
        Ok(false)
    }

    /// What would be written, and what would be left.
    fn so_far(&self) -> String {
        let open = self.items.iter().filter(|item| self.decided(item).is_none()).count();
        let open = amount(open as u32, "item is", "items are");
        let made = amount(self.decisions.len() as u32, "decision is", "decisions are");
        format!("{made} made, {open} open still\n")
    }

    /// Asks for what is missing of a decision and keeps it; whether it was made.
    fn decide(
        &mut self,
        item: &ReviewItem,
        verdict: ReviewVerdict,
        to: Option<String>,
        input: &mut dyn BufRead,
    ) -> Result<bool, Error> {
        let to = match (verdict, to) {
            (ReviewVerdict::Edited, None) => {
                self.desk.say("what is right instead? ")?;
                let Some(line) = read_line(input) else { return Ok(false) };
                if line.trim().is_empty() {
                    return Ok(false);
                }
                Some(line.trim().to_owned())
            }
            (_, to) => to,
        };
        let last = self.decisions.last().map(|decision| decision.reason.clone());
        let offer = last.as_deref().map_or_else(String::new, |last| format!("[{last}] "));
        self.desk.say(&format!("why? {offer}"))?;
        let Some(line) = read_line(input) else { return Ok(false) };
        let reason = match line.trim() {
            "" => last.unwrap_or_default(),
            text => text.to_owned(),
        };
        let decision = ReviewDecision { item: item.item.clone(), verdict, to, reason };
        if let Err(error) = self.desk.check(&decision) {
            self.desk.say(&crate::output::error_text(&error.report()))?;
            return Ok(false);
        }
        self.decisions = self.desk.keep(&self.decisions, decision)?;
        Ok(true)
    }
}

const HELP: &str = "\
  a  accept: it is right as it is          e  edit: say what is right instead
  r  reject: it is not so                  1  take the candidate of this number
  x  show everything that is known         s  skip: it stays open
  b  back to the one before                u  take back what was decided of it
  w  write the new manifest now
  q  quit: what was decided is kept, and the same command goes on
";

/// What is asked behind the last item.
const LAST_PROMPT: &str = "write the new manifest?  [w, b, q, ?] ";

const LAST_HELP: &str = "\
  w  write the new manifest now            b  back to the last item
  q  quit: what was decided is kept, and the same command goes on
";

fn prompt(item: &ReviewItem, position: usize, count: usize) -> String {
    let accept = if item.kind.is_some() { "a, r, e" } else { "r, e" };
    let candidates = match item.candidates.len() {
        0 => String::new(),
        1 => ", 1".to_owned(),
        n => format!(", 1-{n}"),
    };
    format!("{} of {count}  [{accept}{candidates}, x, s, b, u, w, q, ?] ", position + 1)
}

fn reply(item: Option<&ReviewItem>, text: &str) -> Reply {
    let numbered = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let numbered = item.zip(numbered);
    if let Some(candidate) = numbered.and_then(|(item, place)| item.candidates.get(place)) {
        return Reply::Decided(ReviewVerdict::Edited, Some(candidate.name.clone()));
    }
    match text {
        "a" | "accept" if item.is_some_and(|item| item.kind.is_some()) => {
            Reply::Decided(ReviewVerdict::Accepted, None)
        }
        "r" | "reject" => Reply::Decided(ReviewVerdict::Rejected, None),
        "e" | "edit" => Reply::Decided(ReviewVerdict::Edited, None),
        "x" | "explain" => Reply::Explain,
        "s" | "skip" => Reply::Skip,
        "b" | "back" => Reply::Back,
        "u" | "undo" => Reply::TakeBack,
        "w" | "write" => Reply::Write,
        "q" | "quit" => Reply::Later,
        _ => Reply::Unclear,
    }
}

/// The next line; none at the end of the input and where it cannot be read.
fn read_line(input: &mut dyn BufRead) -> Option<String> {
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use code_line::ErrorCode;
    use code_model::evidence::Candidate;

    use super::*;

    #[derive(Default)]
    struct Seen {
        said: RefCell<String>,
        kept: RefCell<Vec<Vec<ReviewDecision>>>,
    }

    impl Desk for Seen {
        fn say(&self, text: &str) -> Result<(), Error> {
            self.said.borrow_mut().push_str(text);
            Ok(())
        }

        fn check(&self, decision: &ReviewDecision) -> Result<(), Error> {
            if decision.to.as_deref() == Some("nowhere") || decision.reason.is_empty() {
                return Err(Error::user(ErrorCode::UsageError, "that cannot be"));
            }
            Ok(())
        }

        fn check_together(&self, decisions: &[ReviewDecision]) -> Result<(), Error> {
            let verdicts: BTreeSet<String> =
                decisions.iter().map(|decision| decision.verdict.to_string()).collect();
            if verdicts.len() > 1 {
                return Err(Error::user(ErrorCode::UsageError, "they stand against each other"));
            }
            Ok(())
        }

        fn keep(
            &self,
            before: &[ReviewDecision],
            decision: ReviewDecision,
        ) -> Result<Vec<ReviewDecision>, Error> {
            let mut decisions = self.take_back(before, &decision.item)?;
            decisions.push(decision);
            *self.kept.borrow_mut().last_mut().expect("it was taken back") = decisions.clone();
            Ok(decisions)
        }

        fn take_back(
            &self,
            before: &[ReviewDecision],
            item: &str,
        ) -> Result<Vec<ReviewDecision>, Error> {
            let mut decisions = before.to_vec();
            decisions.retain(|before| before.item != item);
            self.kept.borrow_mut().push(decisions.clone());
            Ok(decisions)
        }

        fn explain(&self, item: &ReviewItem) -> Result<String, Error> {
            Ok(format!("all about {}\n", item.item))
        }
    }

    fn item(name: &str, kind: Option<&str>, candidates: &[&str]) -> ReviewItem {
        ReviewItem {
            item: name.to_owned(),
            kind: kind.map(str::to_owned),
            subject: format!("subject of {name}"),
            confidence: 0.5,
            breaking: true,
            covers: 1,
            note: None,
            candidates: candidates
                .iter()
                .map(|name| Candidate { name: (*name).to_owned(), score: 0.4 })
                .collect(),
            evidence: None,
        }
    }

    fn talk(decisions: Vec<ReviewDecision>, input: &str) -> (Ended, Vec<ReviewDecision>, Seen) {
        let items = [
            item("OP001", Some("arg.rename"), &[]),
            item("OP002", Some("rename.callable"), &["lib.b", "lib.c"]),
            item("lib.open", None, &["lib.d"]),
        ];
        let seen = Seen::default();
        let mut dialog = Dialog { items: &items, decisions, desk: &seen };
        let ended = dialog.run(&mut input.as_bytes()).expect("a conversation");
        let decisions = dialog.decisions;
        (ended, decisions, seen)
    }

    fn words(decisions: &[ReviewDecision]) -> Vec<String> {
        let word = |decision: &ReviewDecision| {
            let to = decision.to.as_deref().unwrap_or("–");
            format!("{} {} {to}: {}", decision.item, decision.verdict, decision.reason)
        };
        decisions.iter().map(word).collect()
    }

    #[test]
    fn every_item_is_asked_about_and_every_decision_kept_at_once() {
        let (ended, decisions, seen) = talk(Vec::new(), "a\nseen in the log\n2\n\nr\nno use\n");
        assert_eq!(ended, Ended::Later);
        assert_eq!(
            words(&decisions),
            [
                "OP001 accepted –: seen in the log",
                "OP002 edited lib.c: seen in the log",
                "lib.open rejected –: no use"
            ]
        );
        let kept: Vec<usize> = seen.kept.borrow().iter().map(Vec::len).collect();
        assert_eq!(kept, [1, 2, 3]);
    }

    #[test]
    fn what_cannot_be_is_asked_again() {
        let input = "e\nnowhere\nbecause\ne\nlib.z\nbecause\na\n\ns\na\n?\nx\ne\nlib.q\n\n";
        let (ended, decisions, seen) = talk(Vec::new(), input);
        assert_eq!(ended, Ended::Later);
        assert_eq!(
            words(&decisions),
            ["OP001 edited lib.z: because", "OP002 accepted –: because"],
            "the third was skipped"
        );
        let said = seen.said.borrow();
        assert!(said.contains("that cannot be"), "{said}");
    }

    #[test]
    fn a_name_with_several_successors_is_not_accepted_as_it_is() {
        let (_, decisions, seen) = talk(Vec::new(), "s\ns\na\nx\n1\ntheir choice\n");
        assert_eq!(words(&decisions), ["lib.open edited lib.d: their choice"]);
        let said = seen.said.borrow();
        assert!(said.contains("q  quit"), "{said}");
        assert!(said.contains("all about lib.open"), "{said}");
    }

    #[test]
    fn whoever_stops_goes_on_where_it_was() {
        let (ended, decisions, _) = talk(Vec::new(), "a\nright\nq\n");
        assert_eq!((ended, decisions.len()), (Ended::Later, 1));
        let (ended, decisions, seen) = talk(decisions, "a\n\n");
        assert_eq!((ended, decisions.len()), (Ended::Later, 2), "the input ended");
        assert!(!seen.said.borrow().contains("subject of OP001"));
        let (ended, decisions, _) = talk(decisions, "b\nr\nnot so\nq\n");
        assert_eq!(ended, Ended::Later);
        assert_eq!(words(&decisions), ["OP001 accepted –: right", "OP002 rejected –: not so"]);
    }
    #[test]
    fn nothing_is_written_without_having_been_asked_for() {
        let (ended, decisions, seen) = talk(Vec::new(), "a\nright\ns\ns\n?\n");
        assert_eq!((ended, decisions.len()), (Ended::Later, 1));
        let said = seen.said.borrow();
        assert!(said.contains("1 decision is made, 2 items are open still"), "{said}");
        assert!(said.contains("back to the last item"), "{said}");

        let (ended, decisions, seen) = talk(Vec::new(), "w\ns\ns\ns\nw\nb\nr\nno use\nw\n");
        assert_eq!((ended, decisions.len()), (Ended::Write, 1), "back from the end");
        assert_eq!(seen.said.borrow().matches("nothing to write").count(), 2);
    }

    #[test]
    fn what_was_decided_about_other_items_is_not_written_by_itself() {
        let (_, decisions, _) = talk(Vec::new(), "a\nright\nq\n");
        let seen = Seen::default();
        let mut dialog = Dialog { items: &[], decisions, desk: &seen };
        assert_eq!(dialog.run(&mut "b\na\n".as_bytes()).expect("a conversation"), Ended::Later);
        assert_eq!(dialog.run(&mut "w\n".as_bytes()).expect("a conversation"), Ended::Write);
    }
    #[test]
    fn decisions_against_each_other_are_corrected_where_they_were_made() {
        let (ended, decisions, seen) = talk(Vec::new(), "a\nright\nr\nnot so\ns\nw\nw\nq\n");
        assert_eq!((ended, decisions.len()), (Ended::Later, 2), "they are kept");
        let said = seen.said.borrow();
        assert_eq!(said.matches("they stand against each other").count(), 2, "{said}");

        let (ended, corrected, seen) = talk(decisions.clone(), "s\nw\nb\nb\na\n\nw\n");
        assert_eq!(ended, Ended::Write);
        assert_eq!(words(&corrected), ["OP001 accepted –: right", "OP002 accepted –: not so"]);
        let said = seen.said.borrow();
        assert!(said.contains("rejected before: not so"), "{said}");

        let (ended, left, seen) = talk(decisions, "b\nu\nu\nw\n");
        assert_eq!(ended, Ended::Write);
        assert_eq!(words(&left), ["OP001 accepted –: right"]);
        assert_eq!(seen.kept.borrow().last().map(Vec::len), Some(1), "what is kept follows");
    }
}
