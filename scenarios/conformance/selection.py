"""Which checks a run carries out: a profile, and selectors in one grammar.

qido              every check of the family
qido/paging       every check of the file qido_paging.py
qido/paging/lim*  a glob over names
QIDO-068          every check of a requirement; globs work here too: QIDO-06?
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from scenarios.conformance.check import Check
from scenarios.conformance.clauses import Profile
from scenarios.conformance.findings import HarnessError


def select(checks: Sequence[Check], selectors: Iterable[str], profile: Profile | None) -> tuple[Check, ...]:
    """Return the selected checks in order; a selector that selects nothing is a HarnessError.

    Without a profile, selectors reach every requirement, and a run without selectors asks for the full
    profile.
    """
    selectors = tuple(selectors)
    chosen = set()
    for selector in selectors:
        found = {check.name for check in checks if matches(check, selector)}
        if not found:
            raise HarnessError(f"no check matches {selector!r}; `list` prints the names")
        chosen |= found
    reach = profile or (Profile.OPT if selectors else Profile.FULL)
    return tuple(
        check for check in checks if reach.includes(check.profile) and (not selectors or check.name in chosen)
    )


def matches(check: Check, selector: str) -> bool:
    """Tell whether the selector means this check."""
    ids = [clause.id for clause in check.clauses]
    return (
        check.name.startswith(f"{selector.rstrip('/')}/")
        or fnmatchcase(check.name, selector)
        or any(fnmatchcase(name, selector) for name in ids)
    )
