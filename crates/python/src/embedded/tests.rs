//! What is found in documents, and that it stands where it says.

use proptest::prelude::*;

use super::{DocumentKind, Fragment, FragmentKind, LineForm, fragments};

const KINDS: [DocumentKind; 4] = [
    DocumentKind::Notebook,
    DocumentKind::Markdown,
    DocumentKind::Restructured,
    DocumentKind::Docstring,
];

fn codes(kind: DocumentKind, text: &str) -> Vec<(FragmentKind, String)> {
    fragments(kind, text).into_iter().map(|found| (found.kind, found.code)).collect()
}

/// Every line stands in the document as the fragment has it, and lines are in order.
fn check(text: &str, fragment: &Fragment) {
    let lines: Vec<&str> = fragment.code.lines().collect();
    assert_eq!(lines.len(), fragment.lines.len(), "{text:?}");
    let mut last = 0;
    for (code, line) in lines.iter().zip(&fragment.lines) {
        assert!(line.whole.contains(line.code), "{text:?}");
        assert!(line.whole.end as usize <= text.len(), "{text:?}");
        if line.form == LineForm::Plain {
            assert_eq!(line.code.of(text), *code, "{text:?}");
        }
        if line.form != LineForm::Fixed {
            assert!(line.whole.start >= last, "{text:?}");
            last = line.code.end;
        }
    }
}

#[test]
fn fences_directives_and_prompts_are_told_apart() {
    let markdown =
        "a\n```python\nx = 1\n```\n``` js\ny\n```\n~~~ {.py3 .x}\nz\n~~~\n```python\nopen";
    let block = |code: &str| (FragmentKind::Block, code.to_owned());
    assert_eq!(codes(DocumentKind::Markdown, markdown), [block("x = 1\n"), block("z\n")]);
    let restructured = ".. code-block:: python\n   :caption: x\n\n   a\n\n     b\n\nc\n\n\
                        .. code:: bash\n\n   >>> d\n\n.. testcode::\n\n   e\n";
    let found = codes(DocumentKind::Restructured, restructured);
    assert_eq!(found, [block("\na\n\n  b\n\n"), block("\ne\n")]);
    let examples = "x\n  >>> a\n  ... b\n  out\n  >>>\n\t>>> c\n>>>d\n";
    let found = codes(DocumentKind::Docstring, examples);
    assert_eq!(found, [(FragmentKind::Examples, "a\nb\n\nc\n".to_owned())]);
}

#[test]
fn lines_of_notebooks_that_are_no_python_do_nothing() {
    let text = r#"{"cells": [{"cell_type": "code", "source": ["%x a\n", "  !ls\n", "y = %z\n",
        "\"%s\" % 1\n", "a!=b\n", "f?\n", "end"]}]}"#;
    let found = codes(DocumentKind::Notebook, text);
    assert_eq!(found[0].1, "#\npass\n  pass\npass\n\"%s\" % 1\na!=b\npass\nend\n");
}

proptest! {
    #[test]
    fn any_text_is_read_and_every_line_stands_where_it_says(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "```", "~~~", "python", "\n", "\r\n", "    ", " ", "\t", ">>> ", ">>>", "... ", "...",
            ".. code-block:: python", ".. doctest::", ":x: y", "é", "\u{a0}", "{", "}", "[", "]",
            "\"", "\\n", "\\", ",", ":", "\"cells\"", "\"source\"", "\"cell_type\"", "\"code\"",
            "import a", "%%time", "?",
        ]), 0..60)
    ) {
        let text = pieces.concat();
        for kind in KINDS {
            for fragment in fragments(kind, &text) {
                check(&text, &fragment);
            }
        }
    }

    #[test]
    fn any_cell_is_read(source in "(?s).{0,80}", listed in any::<bool>()) {
        let lines: Vec<&str> = source.split_inclusive('\n').collect();
        let source = if listed { serde_json::json!(lines) } else { serde_json::json!(source) };
        let text = serde_json::json!({"cells": [{"cell_type": "code", "source": source}]});
        let text = text.to_string();
        for fragment in fragments(DocumentKind::Notebook, &text) {
            check(&text, &fragment);
        }
    }
}
