//! The moving line on a terminal.

use artifact::shown;
use code_line::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// A line on standard error that says what is being done; draws nothing when nobody watches.
pub(crate) struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    pub(crate) fn new(output: Output) -> Self {
        let target = if output.shows_progress() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { bar: ProgressBar::with_draw_target(None, target) }
    }
}

impl Progress for ProgressLine {
    fn stage(&self, name: &str, total: Option<u64>) {
        let template = if total.is_some() {
            "{msg}  {human_pos}/{human_len}  {wide_bar}"
        } else {
            "{msg}  {spinner}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_position(0);
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_message(shown(name).into_owned());
    }

    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
