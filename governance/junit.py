"""A gate result as JUnit XML, so that any build server shows it.

A violated rule is a failure; too little evidence is an error, never a skip; a waived or
merely warning finding passes and says so in its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

if TYPE_CHECKING:
    from answerable.governance.gate import GateFinding, GateResult

__all__ = ["junit_of"]


def junit_of(result: GateResult) -> str:
    """Return a gate result as JUnit XML.

    Parameters
    ----------
    result : GateResult
        What the gate found.

    Returns
    -------
    str
        One test suite; its counts agree with its cases.
    """
    suite = Element("testsuite", {"name": f"answerable.gate.{result.name}"})
    for item in (*result.demands, *result.verdicts):
        _add_finding(suite, item)
    for missing in result.sign_offs.missing:
        case = _case(suite, "sign-off", f"{missing.role}")
        text = f"{missing.n} signature(s) missing"
        SubElement(case, "failure", {"type": "sign-off", "message": text})
    for entry in result.sign_offs.accepted:
        _case(suite, "sign-off", entry)
    for entry in result.sign_offs.rejected_by:
        case = _case(suite, "sign-off", entry)
        SubElement(case, "failure", {"type": "sign-off", "message": "rejected"})
    for refused in result.sign_offs.refused:
        case = _case(suite, "sign-off", refused.entry)
        SubElement(case, "system-out").text = f"not counted: {refused.reason.value}"
    for name, tag in (("failures", "failure"), ("errors", "error")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("skipped", "0")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Element, kind: str, name: str) -> Element:
    return SubElement(suite, "testcase", {"classname": f"gate.{kind}", "name": name})


def _add_finding(suite: Element, item: GateFinding) -> None:
    over = f" [{' x '.join(item.attributes)}]" if item.attributes else ""
    case = _case(suite, "rule" if item.attributes else "demand", f"{item.rule}{over}")
    message = item.state if not item.what else f"{item.state}: {item.what}"
    if item.needed_n is not None:
        message += f"; needs {item.needed_n} rows"
    if item.outcome == "blocks":
        tag = "failure" if item.state == "FAIL" else "error"
        SubElement(case, tag, {"type": item.state, "message": message})
    elif item.state != "PASS":
        answered = f"waived by {item.waiver}" if item.waiver else "warning"
        SubElement(case, "system-out").text = f"{message}; {answered}"
