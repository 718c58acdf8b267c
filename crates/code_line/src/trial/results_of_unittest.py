"""Runs tests of unittest and writes what each came to, one JSON object a line, to the file that
ONX_RESULTS names. Arguments are those of `python -m unittest`.
"""

import json
import os
import sys
import unittest


def _write(test, outcome):
    with open(os.environ["ONX_RESULTS"], "a") as results:
        results.write(json.dumps({"test": test.id(), "outcome": outcome}) + "\n")


class _Result(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        _write(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        _write(test, "failed")

    def addError(self, test, err):
        super().addError(test, err)
        _write(test, "error")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        _write(test, "skipped")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        _write(test, "expected_failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        _write(test, "unexpected_pass")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            _write(test, "failed" if issubclass(err[0], test.failureException) else "error")


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    unittest.main(
        module=None,
        argv=["python -m unittest"] + (sys.argv[1:] or ["discover"]),
        testRunner=unittest.TextTestRunner(resultclass=_Result, verbosity=1),
    )
