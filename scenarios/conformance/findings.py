"""What a check may find, as exceptions: the archive's wrong is a result, ours is an error with advice.

`expect` is the assertion of checks. It is a function because a check must keep its meaning under `python
-O` and because the report prints what was expected beside what was seen.
"""

from scenarios.conformance.verdict import Severity


class Finding(Exception):  # noqa: N818 - findings are results, not errors
    """A check ends here with a result that is about the archive."""


class Violation(Finding):
    """The archive did other than a requirement says.

    Its severity comes from clauses.tsv, unless the violation brings its own: of a row that only warns about
    a dual reading, what fits no reading at all is a failure.
    """

    def __init__(self, expected: str, got: object = None, severity: Severity | None = None) -> None:
        """Name what the requirement expects and what was seen instead."""
        self.severity = severity
        self.expected = expected
        self.got = shorten(got)
        super().__init__(f"expected {expected}" + (f", got {self.got}" if self.got else ""))


class Unsupported(Finding):
    """The archive validly says that it does not offer this."""


class CouldNotRun(Finding):
    """The check's precondition does not hold, so nothing can be said about the archive."""


class HarnessError(Exception):
    """The harness or its configuration is wrong; the message says what to do."""


def expect(condition: object, expected: str, *, got: object = None, severity: Severity | None = None) -> None:
    """Raise a violation unless the condition holds; `expected` completes the sentence "expected ..."."""
    if not condition:
        raise Violation(expected, got, severity)


def expect_equal(got: object, expected: object, what: str, *, severity: Severity | None = None) -> None:
    """Raise a violation unless both are equal; `what` names the thing compared."""
    if got != expected:
        raise Violation(f"{what} = {shorten(expected)}", got, severity)


def shorten(value: object, limit: int = 300) -> str:
    """Return the value as text that fits into one line of a report."""
    if value is None:
        return ""
    text = str(value)
    text = " ".join(text.split()) or repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
