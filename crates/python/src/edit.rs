//! Edits on the text of a file: byte ranges with their replacements; everything outside stays as it
//! was.

use std::fmt;

/// A half-open byte range in the decoded text of one file, which begins after any byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to `end`; empty when they are not in order.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end: end.max(start) }
    }

    /// An empty range: a place to insert.
    pub fn at(offset: u32) -> Self {
        Self { start: offset, end: offset }
    }

    /// Number of bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether no byte lies in it.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies inside, ends included.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether both have a byte in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest range around both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text of this range; empty when the range does not lie on character borders of `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A part of what an edit writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// New text.
    Text(String),
    /// A range of the old text, with the other edits that lie inside it.
    Source(Span),
}

/// One edit: what stands in a range is replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextEdit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// What is written instead, in order. Ranges of the old text must lie inside `span`.
    pub pieces: Vec<Piece>,
}

impl TextEdit {
    /// Writes `text` in place of the range.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, pieces: vec![Piece::Text(text.into())] }
    }

    /// Writes `text` before the byte at `offset`.
    pub fn insert(offset: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::at(offset), text)
    }

    /// Whether it only adds text that ends in a line break.
    fn inserts_lines(&self) -> bool {
        let last = self.pieces.last();
        self.span.is_empty() && matches!(last, Some(Piece::Text(text)) if text.ends_with('\n'))
    }

    /// Takes the range out.
    pub fn delete(span: Span) -> Self {
        Self { span, pieces: Vec::new() }
    }
}

/// What came of applying edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The new text.
    pub text: String,
    /// Indexes of the edits that are in it, in order.
    pub applied: Vec<usize>,
    /// Indexes of edits that were refused, in order: they stood in each other's way, reached
    /// outside of the text, or lay in text that another edit takes out.
    pub refused: Vec<usize>,
}

/// Applies edits all at once; the order in which they are given means nothing, except among
/// insertions at one place.
///
/// Equal edits count once. Of edits that overlap none is applied, unless one lies inside a range of
/// old text that the other one keeps. Lines that are inserted where an edit begins stand above what
/// it writes. Everything outside of the edits stays byte for byte as it was.
pub fn apply(text: &str, edits: &[TextEdit]) -> Applied {
    let mut order: Vec<usize> =
        (0..edits.len()).filter(|index| fits(text, &edits[*index])).collect();
    order.sort_by_key(|index| {
        let edit = &edits[*index];
        (edit.span.start, !edit.inserts_lines(), std::cmp::Reverse(edit.span.end))
    });
    let mut unique: Vec<usize> = Vec::with_capacity(order.len());
    let mut twins: Vec<(usize, usize)> = Vec::new();
    for index in order {
        let twin = unique
            .iter()
            .rev()
            .take_while(|other| edits[**other].span == edits[index].span)
            .find(|other| edits[**other] == edits[index] && !edits[index].span.is_empty());
        match twin {
            Some(twin) => twins.push((index, *twin)),
            None => unique.push(index),
        }
    }
    let conflicting = conflicts(edits, &unique);
    let kept: Vec<usize> = unique.into_iter().filter(|index| !conflicting[*index]).collect();
    let mut written = vec![false; edits.len()];
    let whole = Span::new(0, text.len() as u32);
    let mut result = String::with_capacity(text.len() + 64);
    write_source(text, whole, edits, &kept, &mut written, &mut result);
    for (index, twin) in twins {
        written[index] = written[twin];
    }
    Applied {
        text: result,
        applied: (0..edits.len()).filter(|index| written[*index]).collect(),
        refused: (0..edits.len()).filter(|index| !written[*index]).collect(),
    }
}

fn fits(text: &str, edit: &TextEdit) -> bool {
    let on_border = |offset: u32| text.is_char_boundary(offset as usize);
    let inside = |span: &Span| on_border(span.start) && on_border(span.end);
    inside(&edit.span)
        && edit.pieces.iter().all(|piece| match piece {
            Piece::Text(_) => true,
            Piece::Source(span) => edit.span.contains(*span) && inside(span),
        })
}

fn in_each_others_way(outer: &TextEdit, inner: &TextEdit) -> bool {
    if outer.span == inner.span && outer.span.is_empty() {
        return false;
    }
    let touches = outer.span.overlaps(inner.span)
        || inner.span.is_empty()
            && outer.span.start < inner.span.start
            && inner.span.start < outer.span.end;
    let nests = outer.span != inner.span
        && outer.span.contains(inner.span)
        && !crosses_a_piece(outer, inner.span);
    touches && !nests
}

/// Whether a range lies neither inside one kept range of an edit nor wholly in what the edit takes
/// out.
fn crosses_a_piece(outer: &TextEdit, inner: Span) -> bool {
    outer.pieces.iter().any(|piece| match piece {
        Piece::Text(_) => false,
        Piece::Source(kept) => kept.overlaps(inner) && !kept.contains(inner),
    })
}

/// Marks the edits that stand in another one's way.
fn conflicts(edits: &[TextEdit], order: &[usize]) -> Vec<bool> {
    let mut conflicting = vec![false; edits.len()];
    for (position, &index) in order.iter().enumerate() {
        for &other in &order[position + 1..] {
            if edits[other].span.start >= edits[index].span.end.max(edits[index].span.start + 1) {
                break;
            }
            if in_each_others_way(&edits[index], &edits[other]) {
                conflicting[index] = true;
                conflicting[other] = true;
            }
        }
    }
    conflicting
}

/// Writes a range of the old text with the edits that lie inside; `order` is sorted, outer edits
/// first.
fn write_source(
    text: &str,
    range: Span,
    edits: &[TextEdit],
    order: &[usize],
    written: &mut [bool],
    result: &mut String,
) {
    let mut offset = range.start;
    let mut position = 0;
    while let Some(&index) = order.get(position) {
        position += 1;
        let edit = &edits[index];
        if !range.contains(edit.span) || edit.span.start < offset {
            continue;
        }
        result.push_str(Span::new(offset, edit.span.start).of(text));
        let inner: Vec<usize> = order[position..]
            .iter()
            .copied()
            .take_while(|other| edits[*other].span.start < edit.span.end)
            .filter(|other| edit.span.contains(edits[*other].span))
            .collect();
        written[index] = true;
        for piece in &edit.pieces {
            match piece {
                Piece::Text(new) => result.push_str(new),
                Piece::Source(kept) => {
                    let from = inner.partition_point(|other| edits[*other].span.start < kept.start);
                    let own = inner.get(from..).unwrap_or_default();
                    let to = own.partition_point(|other| edits[*other].span.start <= kept.end);
                    let own = own.get(..to).unwrap_or_default();
                    write_source(text, *kept, edits, own, written, result);
                }
            }
        }
        offset = edit.span.end;
    }
    result.push_str(Span::new(offset, range.end).of(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(start: u32, end: u32, text: &str) -> TextEdit {
        TextEdit::replace(Span::new(start, end), text)
    }

    #[test]
    fn edits_apply_together_and_leave_the_rest() {
        let applied = apply("abc def ghi", &[replace(8, 11, "G"), replace(0, 3, "A")]);
        assert_eq!((applied.text.as_str(), applied.applied), ("A def G", vec![0, 1]));
    }

    #[test]
    fn overlapping_edits_are_both_refused() {
        let edits = [replace(0, 5, "x"), replace(4, 7, "y"), replace(8, 9, "z")];
        let applied = apply("abc def ghi", &edits);
        assert_eq!((applied.text.as_str(), applied.refused), ("abc def zhi", vec![0, 1]));
    }

    #[test]
    fn edits_inside_kept_text_move_with_it() {
        let swap = TextEdit {
            span: Span::new(2, 9),
            pieces: vec![
                Piece::Source(Span::new(6, 9)),
                Piece::Text(", ".to_owned()),
                Piece::Source(Span::new(2, 4)),
            ],
        };
        let applied = apply("f(ab, xyz)", &[replace(6, 7, "X"), swap, replace(0, 1, "g")]);
        assert_eq!(applied.text, "g(Xyz, ab)");
        assert!(applied.refused.is_empty());
    }

    #[test]
    fn edits_in_text_that_goes_away_are_reported() {
        let applied = apply("abcdef", &[TextEdit::delete(Span::new(1, 5)), replace(2, 3, "X")]);
        assert_eq!((applied.text.as_str(), applied.refused), ("af", vec![1]));
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let applied = apply("ab", &[TextEdit::insert(1, "1"), TextEdit::insert(1, "2")]);
        assert_eq!(applied.text, "a12b");
    }

    #[test]
    fn lines_go_above_the_edit_that_begins_there() {
        let swap = TextEdit {
            span: Span::new(2, 5),
            pieces: vec![
                Piece::Text("f(".to_owned()),
                Piece::Source(Span::new(2, 3)),
                Piece::Text(")".to_owned()),
            ],
        };
        let edits = [swap, TextEdit::insert(2, "# why\n"), replace(2, 3, "z")];
        let applied = apply("a\nx.f\n", &edits);
        assert_eq!((applied.text.as_str(), applied.refused), ("a\n# why\nf(z)\n", vec![]));
        let edits = [replace(2, 5, "g"), TextEdit::insert(2, "# why\n")];
        assert_eq!(apply("a\nx.f\n", &edits).text, "a\n# why\ng\n");
    }

    #[test]
    fn equal_edits_count_once() {
        let applied = apply("ab", &[replace(0, 1, "x"), replace(0, 1, "x")]);
        assert_eq!((applied.text.as_str(), applied.applied), ("xb", vec![0, 1]));
    }

    #[test]
    fn ranges_off_the_text_are_refused() {
        let applied = apply("aé", &[replace(2, 3, "x"), replace(0, 9, "y")]);
        assert_eq!((applied.text.as_str(), applied.applied), ("aé", vec![]));
    }
}
