"""Telling: what a campaign does is said on stderr, line by line; stdout stays free."""

import sys


def tell(line: str) -> None:
    """Say on stderr what the campaign does."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
