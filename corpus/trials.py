"""Runs the tests of released packages before and after a migration, and says what came out.

trials.py --onx BINARY --out FOLDER [--write PAGE] [NAME...]
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import fetch
import yaml

HERE = pathlib.Path(__file__).parent

HEAD = """# Trials

The tests of released packages, before and after a migration, as `onx-migrate verify` runs them: on
copies, in the sandbox, with one environment for each version of the library. Made by
`scripts/trials`; the list is [corpus/trials.yaml](../corpus/trials.yaml).

| package | library | before | new version, not migrated | migrated | answer |
|---|---|---|---|---|---|
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onx", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    rows, wrong, skipped = [], [], []
    for trial in yaml.safe_load((HERE / "trials.yaml").read_text()):
        if given.names and trial["package"].split("==")[0] not in given.names:
            continue
        python = interpreter(trial["python"])
        if python is None:
            skipped.append(f"{trial['package']}: there is no Python {trial['python']}")
            continue
        report = run(given.onx, python, trial, given.out)
        rows.append(row(trial, report))
        print(rows[-1], flush=True)
        wrong += [f"{trial['package']}: {what}" for what in surprises(trial, report)]
    if given.write and not given.names:
        given.write.write_text(HEAD + "\n".join(rows) + "\n" + "".join(f"\nskipped: {why}\n" for why in skipped))
    for why in skipped:
        print(f"skipped: {why}")
    for what in wrong:
        print(f"wrong: {what}")
    return 1 if wrong else 0


def interpreter(version: str) -> str | None:
    """A Python of this version: in the path, or kept by pyenv."""
    found = shutil.which(f"python{version}")
    kept = sorted((pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions").glob(f"{version}.*"))
    for candidate in [*(str(each / "bin" / "python") for each in kept), found]:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def run(onx: str, python: str, trial: dict, out: pathlib.Path) -> dict:
    out = out.resolve()
    library, package = trial["library"], trial["package"]
    manifest = out / f"{library}-{trial['from']}-{trial['to']}"
    if not manifest.exists():
        generate = [onx, "manifest", "generate", "--core-path", f"pypi:{library}", "--from", str(trial["from"]),
                    "--to", str(trial["to"]), "--out", str(manifest), "--quiet"]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    target = out / package.replace("==", "-")
    if not target.exists():
        told = {name: sha256 for _, name, sha256 in fetch.listing(package.split("==")[0])}
        fetch.unpack(fetch.archive(package, trial["file"], told[trial["file"]]), target, endings=("",))
    report = out / f"{target.name}.json"
    report.unlink(missing_ok=True)
    verify = [onx, "migrate", "verify", "--manifest", str(manifest), "--target", str(target), "--python", python,
              "--unmigrated", "--report", str(report), "--quiet", *trial.get("arguments", [])]
    ended = subprocess.run(verify, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if not report.exists():
        raise SystemExit(f"{package}: {ended.stderr}")
    return json.loads(report.read_text())


def good(trial: dict) -> set:
    return {name for name, outcome in trial["tests"].items() if outcome in ("passed", "expected_failure")}


def surprises(trial: dict, report: dict):
    if report["verified"] != trial["verified"]:
        yield f"verified is {report['verified']}: {'; '.join(report['reasons'])}"
    broken = bool(good(report["before"]) - good(report["unmigrated"]))
    if broken != (trial["unmigrated"] == "broken"):
        yield f"without the migration the tests are {'broken' if broken else 'whole'}"


def row(trial: dict, report: dict) -> str:
    def told(name: str) -> str:
        tests = report[name]["tests"]
        return f"{len(good(report[name]))} of {len(tests)} pass" if tests else "no test runs"

    answer = "verified" if report["verified"] else "; ".join(report["reasons"])
    library = f"{trial['library']} {trial['from']} → {trial['to']}"
    return f"| {trial['package']} | {library} | {told('before')} | {told('unmigrated')} | {told('after')} | {answer} |"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except fetch.Unavailable as why:
        sys.exit(str(why))
