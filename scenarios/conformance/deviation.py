"""What a tolerant reader notices and reads past: a rule of clauses.tsv, where it is broken, and how."""

from collections.abc import Iterable
from dataclasses import dataclass

from scenarios.conformance.findings import Violation


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from a rule; `rule` is an id of clauses.tsv."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        """Say where it is and what it is."""
        return f"{self.where}: {self.what}" if self.where else self.what


def expect_rule(deviations: Iterable[Deviation], rule: str, expected: str) -> None:
    """Raise a violation if a reader noticed that this rule is broken."""
    found = [str(deviation) for deviation in deviations if deviation.rule == rule]
    if found:
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""  # noqa: PLR2004 - three are shown
        raise Violation(expected, "; ".join(found[:3]) + more)
