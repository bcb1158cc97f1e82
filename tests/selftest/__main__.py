"""`python -m tests.selftest` puts the harness itself to the test and prints what came of it.

    python -m tests.selftest [PART ...] [--write]

Exit codes: 0 every claim holds; 1 one does not.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from scenarios.environment import describe_environment
from tests.conformance.reference_archive import ROOT
from tests.selftest import delays, instrument, simulated
from tests.selftest.outcome import Outcome, render_page

PARTS: dict[str, Callable[[], Sequence[Outcome]]] = {
    "simulated": simulated.outcomes,
    "delays": delays.outcomes,
    "instrument": instrument.outcomes,
}
PAGE = ROOT / "docs" / "selftests.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the parts of the command line, or all, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.selftest", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="write docs/selftests.md; takes all parts")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if chosen.write and chosen.parts:
        parser.error("--write takes all parts, because the page holds all of them")
    outcomes = []
    for part in chosen.parts or PARTS:
        for outcome in PARTS[part]():
            outcomes.append(outcome)
            word = "holds" if outcome.held else "DOES NOT HOLD"
            print(f"{outcome.claim}: {outcome.found}, asked {outcome.asked}: {word}", flush=True)
    if chosen.write:
        PAGE.write_text(render_page(outcomes, machine()), encoding="utf-8")
    return 0 if all(outcome.held for outcome in outcomes) else 1


def machine() -> str:
    """Return when and on what the tests ran."""
    facts = describe_environment()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {facts.get('cpu')}, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())
