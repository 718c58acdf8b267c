//! Whatever a file holds: no panic, nothing changed outside of edits, nothing to do the second
//! time.

use artifact::TreePath;
use code_rewrite::{Applicability, DependentFile, NoReceivers, Plan, PlanOptions, Rewriter};
use proptest::prelude::*;

use crate::harness::manifest;
use crate::literate::operation;

fn plan() -> Plan {
    let operations = [
        "rename.import core.old -> core.fresh",
        "rename.symbol core.a.Old -> core.b.New",
        "rename.callable core.product -> core.prod",
        "rename.attribute core.Color.RED -> Red",
        "symbol.remove core.gone",
        "config.key_rename OLD -> NEW",
    ];
    let operations = operations.map(|line| operation(line, ""));
    Plan::compile(&manifest(&operations), &PlanOptions::default())
}

fn line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "import core",
        "import core.old",
        "import core.a as x",
        "from core import product",
        "from core.a import Old, First",
        "from core.a import (\n    Old,  # c\n    First,\n)",
        "from core import *",
        "core.product(1)",
        "core.old.f",
        "Old()",
        "product",
        "x.Old(First)",
        "del core",
        "core = 1",
        "def f(core):\n    return core.product",
        "class A(Old):\n    b = Old",
        "if x:\n    from core import product",
        "try:\n    import core\nexcept ImportError:\n    core = None",
        "[Old for Old in core.old]",
        "x: 'Old' = core.Color.RED",
        "f'{core.product!r:>{Old}}'",
        "getattr(core, 'product')",
        "global product",
        "lambda Old: Old",
        "prod = 3; New = 4",
        "from . import core",
        "(core\n .product)",
        "core.gone",
        "é = core.product",
        "))",
        "'''",
        "while (core := core.old): pass",
        "with core.product as product: product()",
        "match core.a.Old:\n    case core.a.Old(x=1): pass",
        "async def g(): await core.product()",
    ]);
    (pieces, "[ \\t;#]{0,2}").prop_map(|(piece, end)| format!("{piece}{end}"))
}

fn check(source: &str) -> Result<(), TestCaseError> {
    let plan = plan();
    let rewriter = Rewriter::new(&plan, None, None, Applicability::Unsafe);
    let file = DependentFile {
        path: TreePath::new("module.py").expect("a path"),
        content: source.as_bytes().into(),
        module: None,
    };
    let first = rewriter.rewrite(std::slice::from_ref(&file), &NoReceivers).remove(0);
    let Some(content) = first.content else { return Ok(()) };
    // What lies between the edits stands unchanged and in order in the new text.
    let mut rest = content.as_slice();
    let mut offset = 0;
    let mut spans: Vec<_> = first.edits.iter().map(|edit| edit.text.span).collect();
    spans.sort();
    for span in spans {
        let between = source.as_bytes().get(offset..span.start as usize).unwrap_or_default();
        let at = rest.windows(between.len().max(1)).position(|window| window == between);
        let at = if between.is_empty() { Some(0) } else { at };
        prop_assert!(at.is_some(), "{source:?} became {:?}", String::from_utf8_lossy(&content));
        rest = &rest[at.unwrap_or(0) + between.len()..];
        offset = span.end as usize;
    }
    prop_assert!(rest.ends_with(source.as_bytes().get(offset..).unwrap_or_default()));
    let again = DependentFile { content: content.clone().into(), ..file };
    let second = rewriter.rewrite(std::slice::from_ref(&again), &NoReceivers).remove(0);
    prop_assert_eq!(
        second.content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        None,
        "from {:?} through {:?}",
        source,
        String::from_utf8_lossy(&content)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn lines_of_python(lines in prop::collection::vec(line(), 1..12)) {
        check(&lines.join("\n"))?;
    }

    #[test]
    fn any_text(text in "\\PC{0,80}(core|Old|product)?[\\r\\n]{0,2}\\PC{0,40}") {
        check(&text)?;
    }
}
