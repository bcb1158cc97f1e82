"""What a self-test asked of the harness, what it found, and whether that is enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

PAGE = Path(__file__).with_name("page.md.jinja")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One claim about the harness, put to the test."""

    claim: str
    asked: str
    found: str
    held: bool
    how: str


def outcome_of_share(claim: str, counts: tuple[int, int], least: float, how: str) -> Outcome:
    """Return the outcome of a claim that something happens in at least that share of cases."""
    times, of = counts
    return Outcome(claim, f"at least {least:.0%}", f"{times} of {of}", times >= least * of, how)


def outcome_of_rarity(claim: str, counts: tuple[int, int], most: float, how: str) -> Outcome:
    """Return the outcome of a claim that something happens in at most that share of cases."""
    times, of = counts
    return Outcome(claim, f"at most {most:.0%}", f"{times} of {of}", times <= most * of, how)


def render_page(outcomes: Sequence[Outcome], machine: str) -> str:
    """Return docs/selftests.md: every claim with what was asked and what was found."""
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the page is Markdown, and its words are ours
    )
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(
        outcomes=outcomes, machine=machine
    )
