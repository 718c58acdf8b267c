"""What each kind of evidence is worth: the libraries once more with it switched off, and with it alone.

`onx.toml` has the switch: `rules.without` lists the kinds that inference does without.
"""

import json
import pathlib
import sys

import run

# Every kind that inference finds by itself, in the order of the documents.
KINDS = ("hash_match", "ast_similarity", "doc_similarity", "usage_similarity", "signature_match",
         "callsite_coverage", "test_coverage", "alias_match", "deprecation_match", "changelog_match",
         "history_match")


def measure(given) -> list[tuple[str, dict, dict]]:
    settings = [("all of them", ())]
    settings += [(f"without `{kind}`", (kind,)) for kind in KINDS]
    settings += [(f"`{kind}` alone", tuple(other for other in KINDS if other != kind)) for kind in KINDS]
    results = []
    for name, without in settings:
        (given.out / "onx.toml").write_text(f"[rules]\nwithout = {json.dumps(without)}\n")
        libraries = {}
        for path in sorted((given.truth / "truth").glob("*.yaml")):
            if run.wanted(path.stem, given.only):
                libraries[path.stem] = run.score_library(path.stem, run.read_yaml(path), given)
        failed = [library for library, said in libraries.items() if "failed" in said]
        if failed:
            sys.exit(f"{name}: no manifest of {', '.join(failed)}: {libraries[failed[0]]['failed']}")
        every, sure = run.means(libraries, 0.0), run.means(libraries, 0.9)
        print(f"{name:32} {run.percent(every['recall'])}, {run.percent(sure['recall'])} at 0.9",
              file=sys.stderr, flush=True)
        results.append((name, every, sure))
    return results


def main(given) -> int:
    report = document(measure(given))
    print(report)
    if given.write:
        pathlib.Path(given.write).write_text(report)
    return 0


def document(results: list) -> str:
    head = (run.HERE / "ablation.head.md").read_text()
    lines = ["| evidence | recall | change | recall at 0.9 | change | contradicted | contradicted at 0.9 |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    whole = results[0]
    for name, every, sure in results:
        cells = [run.percent(every["recall"]), change(every, whole[1]), run.percent(sure["recall"]),
                 change(sure, whole[2]), run.percent(every["contradicted"]), run.percent(sure["contradicted"])]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return head + "\n" + "\n".join(lines) + "\n"


def change(one: dict, whole: dict) -> str:
    points = 100 * (one["recall"] - whole["recall"])
    return "" if one is whole else f"{points:+.1f}"
