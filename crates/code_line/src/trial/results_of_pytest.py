"""Writes what each test came to, one JSON object a line, to the file that ONX_RESULTS names.

A plugin of pytest; it needs nothing but the standard library and any pytest since 3.8.
"""

import json
import os

_ENVIRONMENT = os.environ.get("TOX_ENV_NAME") or os.environ.get("NOX_CURRENT_SESSION")


def _write(test, outcome):
    if _ENVIRONMENT:
        test = "%s: %s" % (_ENVIRONMENT, test)
    with open(os.environ["ONX_RESULTS"], "a") as results:
        results.write(json.dumps({"test": test, "outcome": outcome}) + "\n")


def pytest_runtest_logreport(report):
    if report.outcome not in ("passed", "failed", "skipped"):
        return
    expected = hasattr(report, "wasxfail")
    if report.when == "call":
        if report.outcome == "skipped":
            _write(report.nodeid, "expected_failure" if expected else "skipped")
        elif report.outcome == "passed":
            _write(report.nodeid, "unexpected_pass" if expected else "passed")
        else:
            _write(report.nodeid, "failed")
    elif report.outcome == "failed":
        _write(report.nodeid, "error")
    elif report.outcome == "skipped":
        _write(report.nodeid, "expected_failure" if expected else "skipped")


def pytest_collectreport(report):
    if report.outcome == "failed":
        _write(report.nodeid or "collection", "error")
    elif report.outcome == "skipped":
        _write(report.nodeid, "skipped")
