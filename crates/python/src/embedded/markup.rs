//! Blocks and examples in Markdown, reStructuredText and docstrings.

use super::{DocumentKind, DocumentLine, Fragment, FragmentKind, LineForm, MAX_FRAGMENTS};
use crate::edit::Span;

/// Words after a fence, or after a directive for code, that mean Python.
const PYTHON_WORDS: [&str; 10] = [
    "python",
    "python3",
    "py",
    "py3",
    "pycon",
    "pycon3",
    "ipython",
    "ipython3",
    "python-console",
    "pyi",
];

/// Directives of reStructuredText that name the language of what they hold.
const CODE_DIRECTIVES: [&str; 4] = ["code-block", "code", "sourcecode", "code-cell"];

/// Directives that hold Python whatever stands behind them.
const PYTHON_DIRECTIVES: [&str; 5] =
    ["testcode", "testsetup", "testcleanup", "jupyter-execute", "doctest"];

/// One line of the document.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// Without its line break.
    text: &'t str,
    start: u32,
    /// Where the next line starts.
    next: u32,
}

impl Line<'_> {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Every fragment of a text that begins at `offset` of its file.
pub(super) fn read(kind: DocumentKind, text: &str, offset: u32) -> Vec<Fragment> {
    let lines = lines(text, offset);
    let mut reader = Reader {
        kind,
        examples: Fragment::new(FragmentKind::Examples),
        found: Vec::new(),
        groups: 0,
    };
    let mut at = 0;
    while at < lines.len() && reader.found.len() < MAX_FRAGMENTS {
        at = reader.step(&lines, at).max(at + 1);
    }
    if !reader.examples.lines.is_empty() {
        reader.found.push(reader.examples);
    }
    reader.found.sort_by_key(|fragment| fragment.lines.first().map(|line| line.whole.start));
    reader.found
}

fn lines(text: &str, offset: u32) -> Vec<Line<'_>> {
    let mut start = offset;
    let each = text.split_inclusive('\n').map(|line| {
        let next = start + line.len() as u32;
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        let line = Line { text: bare, start, next };
        start = next;
        line
    });
    each.collect()
}

struct Reader {
    kind: DocumentKind,
    examples: Fragment,
    found: Vec<Fragment>,
    groups: u32,
}

impl Reader {
    /// Reads what begins at a line; gives the line after it.
    fn step(&mut self, lines: &[Line<'_>], at: usize) -> usize {
        if self.kind != DocumentKind::Restructured
            && let Some(end) = self.fence(lines, at)
        {
            return end;
        }
        if self.kind != DocumentKind::Markdown
            && let Some(end) = self.directive(lines, at)
        {
            return end;
        }
        self.example(lines, at)
    }

    /// A block between fences.
    fn fence(&mut self, lines: &[Line<'_>], at: usize) -> Option<usize> {
        let line = lines[at];
        let opening = line.text.trim_start();
        let sign = opening.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
        let length = opening.chars().take_while(|other| *other == sign).count();
        let info = opening.get(length..).unwrap_or_default().trim();
        if length < 3 || info.contains('`') {
            return None;
        }
        let closes = |other: &Line<'_>| {
            let text = other.text.trim();
            text.len() >= length && text.chars().all(|other| other == sign)
        };
        let inside = &lines[at + 1..];
        let count = inside.iter().position(closes)?;
        if is_python(info) {
            self.block(&inside[..count], line.indent());
        }
        Some(at + count + 2)
    }

    /// A directive with what is indented below it.
    fn directive(&mut self, lines: &[Line<'_>], at: usize) -> Option<usize> {
        let line = lines[at];
        let rest = line.text.trim_start().strip_prefix(".. ")?;
        let (name, argument) = rest.split_once("::")?;
        let name = name.trim();
        let holds_python = CODE_DIRECTIVES.contains(&name) && is_python(argument.trim())
            || PYTHON_DIRECTIVES.contains(&name);
        if !holds_python && !CODE_DIRECTIVES.contains(&name) {
            return None;
        }
        let inside = &lines[at + 1..];
        let belongs = |other: &Line<'_>| other.is_blank() || other.indent() > line.indent();
        let count = inside.iter().position(|other| !belongs(other)).unwrap_or(inside.len());
        let is_option = |other: &&Line<'_>| other.text.trim_start().starts_with(':');
        let options = inside[..count].iter().take_while(is_option).count();
        if holds_python {
            let body = &inside[options..count];
            let indents = body.iter().filter(|line| !line.is_blank()).map(Line::indent);
            if let Some(indent) = indents.min() {
                self.block(body, indent);
            }
        }
        Some(at + 1 + count)
    }

    /// The lines of one block.
    fn block(&mut self, lines: &[Line<'_>], indent: usize) {
        let prompted = |line: &Line<'_>| is_prompt(line.text.trim_start());
        if lines.iter().any(prompted) {
            let mut at = 0;
            while at < lines.len() {
                at = self.example(lines, at).max(at + 1);
            }
            return;
        }
        self.groups += 1;
        let mut fragment = Fragment::new(FragmentKind::Block);
        for line in lines {
            let indent = indent.min(line.indent());
            self.add(&mut fragment, *line, indent);
        }
        if fragment.lines.iter().any(|line| !line.code.is_empty()) {
            self.found.push(fragment);
        }
    }

    /// An example: a line behind `>>>` and those behind `...`.
    fn example(&mut self, lines: &[Line<'_>], at: usize) -> usize {
        let line = lines[at];
        let indent = line.indent();
        if !is_prompt(line.text.trim_start()) {
            return at + 1;
        }
        self.groups += 1;
        let mut examples =
            std::mem::replace(&mut self.examples, Fragment::new(FragmentKind::Examples));
        self.add(&mut examples, line, prompt_end(line.text, indent));
        let mut next = at + 1;
        while let Some(line) = lines.get(next) {
            let rest = line.text.get(indent..).unwrap_or_default();
            let continues = line.indent() == indent && (rest == "..." || rest.starts_with("... "));
            if !continues {
                break;
            }
            self.add(&mut examples, *line, prompt_end(line.text, indent));
            next += 1;
        }
        self.examples = examples;
        next
    }

    fn add(&self, fragment: &mut Fragment, line: Line<'_>, column: usize) {
        let code = line.text.get(column..).unwrap_or_default();
        let start = line.start + column as u32;
        let line = DocumentLine {
            code: Span::new(start, start + code.len() as u32),
            whole: Span::new(line.start, line.next),
            form: LineForm::Plain,
            group: self.groups,
        };
        fragment.push(code, line);
    }
}

fn is_prompt(text: &str) -> bool {
    text == ">>>" || text.starts_with(">>> ")
}

/// Where the code begins behind a prompt of three signs and a blank.
fn prompt_end(text: &str, indent: usize) -> usize {
    (indent + 4).min(text.len())
}

/// Whether the words behind a fence or a directive mean Python.
fn is_python(info: &str) -> bool {
    let mut words = info
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | ';'))
        .map(|word| word.trim_start_matches('.'))
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return false };
    let language = if CODE_DIRECTIVES.contains(&first) {
        words.next().unwrap_or_default()
    } else if PYTHON_DIRECTIVES.contains(&first) {
        return true;
    } else {
        first
    };
    PYTHON_WORDS.iter().any(|word| language.eq_ignore_ascii_case(word))
}
