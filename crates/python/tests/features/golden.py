"""Write the features of sample.py's definitions as CPython's own `ast` gives them; made with CPython 3.11."""

import ast
import json
import pathlib

HERE = pathlib.Path(__file__).parent


def extract_ast_features(node):
    features = []
    for child in ast.walk(node):
        features.append(f"type:{child.__class__.__name__}")
        if isinstance(child, ast.Name):
            features.append(f"name:{child.id}")
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            features.append(f"def:{child.name}")
            if isinstance(child, ast.FunctionDef):
                for arg in child.args.args:
                    features.append(f"param:{arg.arg}")
    return features


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


text = (HERE / "sample.py").read_text()
starts = [0]
for line in text.splitlines(keepends=True):
    starts.append(starts[-1] + len(line.encode()))
definitions = []
for node in ast.walk(ast.parse(text)):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        first = min([node] + node.decorator_list, key=lambda n: n.lineno)
        # A decorator's expression starts after its at sign.
        start = starts[first.lineno - 1] + first.col_offset - (first is not node)
        end = starts[node.end_lineno - 1] + node.end_col_offset
        definitions.append({"name": node.name, "bytes": [start, end], "features": extract_ast_features(node)})
similarities = [
    [a["name"], b["name"], 1 - distance(a["features"], b["features"]) / max(len(a["features"]), len(b["features"]))]
    for a in definitions
    for b in definitions
]
golden = {"definitions": definitions, "similarities": similarities}
(HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
