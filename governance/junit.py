"""JUnit XML of test cases that are not code: any build server shows it.

Promises: valid XML whatever the names hold; the suite's counts agree with its cases; nothing
is ever reported as skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

__all__ = ["JunitCase", "junit_xml"]


@dataclass(frozen=True, slots=True)
class JunitCase:
    """One test case.

    Parameters
    ----------
    kind, name : str
        Class and name of the case.
    outcome : {"passed", "failure", "error"}
        A failure is a violated demand; an error one that could not be decided.
    message : str
        What was found; for a passed case it becomes the output, if not empty.
    """

    kind: str
    name: str
    outcome: Literal["passed", "failure", "error"] = "passed"
    message: str = ""


def junit_xml(suite_name: str, cases: Sequence[JunitCase]) -> str:
    """Return test cases as a JUnit XML document.

    Parameters
    ----------
    suite_name : str
        Name of the one suite.
    cases : Sequence[JunitCase]
        In the order they are to be shown.

    Returns
    -------
    str
        An XML document.

    Examples
    --------
    >>> print(junit_xml("gate", [JunitCase("rule", "ratio", "failure", "0.6 < 0.8")]))
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites>
      <testsuite name="gate" tests="1" failures="1" errors="0" skipped="0">
        <testcase classname="gate.rule" name="ratio">
          <failure message="0.6 &lt; 0.8" />
        </testcase>
      </testsuite>
    </testsuites>
    <BLANKLINE>
    """
    outcomes = [case.outcome for case in cases]
    root = Element("testsuites")
    attributes = {
        "name": suite_name,
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": "0",
    }
    suite = SubElement(root, "testsuite", attributes)
    for case in cases:
        shown = {"classname": f"gate.{case.kind}", "name": case.name}
        element = SubElement(suite, "testcase", shown)
        if case.outcome != "passed":
            SubElement(element, case.outcome, {"message": case.message})
        elif case.message:
            SubElement(element, "system-out").text = case.message
    indent(root)
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
