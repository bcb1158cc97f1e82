"""junit.xml for a CI system: a broken SHALL is a failure, and what did not run is skipped.

A broken SHOULD passes with a property, because CI systems know no third colour.
"""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from scenarios.conformance.results import CheckResult, Run
from scenarios.conformance.verdict import State

SKIPPED = frozenset({State.UNSUPPORTED, State.NOT_APPLICABLE, State.COULD_NOT_RUN, State.XFAIL})
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(run: Run, path: Path) -> None:
    """Write the run as junit.xml, one test suite for each family."""
    root = ET.Element("testsuites", name=clean(run.target), time=f"{run.duration_s:.3f}")
    for family in dict.fromkeys(family_of(result) for result in run.results):
        results = [result for result in run.results if family_of(result) == family]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=family,
            tests=str(len(results)),
            failures=str(sum(is_failure(result, run) for result in results)),
            errors=str(sum(result.state is State.ERROR for result in results)),
            skipped=str(sum(result.state in SKIPPED for result in results)),
        )
        suite.extend(_case(result, run) for result in results)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def family_of(result: CheckResult) -> str:
    """Return the file of the check: qido/paging."""
    return result.name.rpartition("/")[0]


def is_failure(result: CheckResult, run: Run) -> bool:
    """Tell whether the result is red."""
    return result.state is State.FAIL or (result.state is State.XPASS and not run.allow_xpass)


def clean(text: str) -> str:
    """Return the text without the characters that XML 1.0 forbids."""
    return FORBIDDEN.sub("·", text)


def _case(result: CheckResult, run: Run) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=family_of(result).replace("/", "."),
        name=f"{' '.join(result.requirements)} {result.title}",
        time=f"{result.duration_ms / 1000:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    ET.SubElement(properties, "property", name="state", value=result.state)
    for text in result.warnings or ((result.reason,) if result.state is State.WARN else ()):
        ET.SubElement(properties, "property", name="warning", value=clean(text))
    reason = clean(result.expectation or result.reason)
    if is_failure(result, run):
        ET.SubElement(case, "failure", message=reason).text = clean(_story(result))
    elif result.state is State.ERROR:
        ET.SubElement(case, "error", message=reason).text = clean(result.got)
    elif result.state in SKIPPED:
        ET.SubElement(case, "skipped", message=f"{result.state}: {reason}")
    return case


def _story(result: CheckResult) -> str:
    lines = [result.description, f"expected: {result.expected}", f"got: {result.got}"]
    return "\n".join([*lines, *(evidence.curl for evidence in result.evidence[-3:])])
