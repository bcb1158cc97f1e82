"""Simulated campaigns: requests of known times go the whole way from samples to verdicts.

A block has noise of its own with heavy tails (Student's t with 4 degrees of freedom, 4 %), and one block in
thirty is hit by something else and takes up to twice as long; requests scatter around their block. Both arms
of a pair are drawn alike, so the truth is the delay. Campaign number n is drawn from the seed n.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.frames import round_medians
from reports.run import DURATIONS, SPANS, Run
from reports.stats import Floats
from tests.selftest.judging import DELAYED, TWINS, tally
from tests.selftest.outcome import Outcome, outcome_of_rarity, outcome_of_share

Rounds = NDArray[np.int64]

CAMPAIGNS = 100
ROUNDS = 12
REQUESTS = 20  # per operation and block
OPERATIONS_MS = {"qido-studies-uid": 0.35, "wado-instance": 0.5, "wado-series": 1.0, "wado-metadata": 0.7}
DELAY_MS = 0.3
BLOCK_NOISE, REQUEST_NOISE, HIT = 0.04, 0.15, 1 / 30
HOW = (
    f"{CAMPAIGNS} simulated campaigns of {ROUNDS} rounds and {len(OPERATIONS_MS)} operations, seeds 0 to "
    f"{CAMPAIGNS - 1}, from request samples to verdicts"
)


def simulated_campaign(seed: int, delays_ms: dict[str, float]) -> Run:
    """Return a run whose arms differ by their delays alone."""
    random = np.random.default_rng(seed)
    frames = []
    for arm, delay_ms in delays_ms.items():
        for operation, base_ms in OPERATIONS_MS.items():
            blocks = np.exp(BLOCK_NOISE * random.standard_t(4, ROUNDS))
            blocks *= np.where(random.random(ROUNDS) < HIT, random.uniform(1, 2, ROUNDS), 1.0)
            times = base_ms * blocks[:, None] * np.exp(random.normal(0, REQUEST_NOISE, (ROUNDS, REQUESTS)))
            rounds = np.repeat(np.arange(ROUNDS), REQUESTS)
            frames.append(_frame(arm, operation, rounds, times.ravel() + delay_ms))
    return Run(Path("simulated"), {}, pd.concat(frames, ignore_index=True), pd.DataFrame(), ())


def _frame(arm: str, operation: str, rounds: Rounds, times_ms: Floats) -> pd.DataFrame:
    clocks = dict.fromkeys(DURATIONS, times_ms) | {f"server_{span}_ms": np.nan for span in SPANS}
    return pd.DataFrame({"round": rounds, "arm": arm, "operation": operation, "error": None, **clocks})


def campaigns(count: int = CAMPAIGNS) -> Iterator[pd.DataFrame]:
    """Yield the round medians of that many campaigns with a delayed arm and a twin."""
    for seed in range(count):
        yield round_medians(simulated_campaign(seed, {"off": 0.0, "off2": 0.0, "on": DELAY_MS}))


def outcomes() -> Sequence[Outcome]:
    """Return what the simulation says."""
    medians, operations = list(campaigns()), list(OPERATIONS_MS)
    delayed = tally(medians, operations, DELAYED, DELAY_MS, family=len(operations))
    twins = tally(medians, operations, TWINS, 0.0, family=len(operations))
    return (
        outcome_of_share(
            "simulation: the interval covers 300 us that were added",
            (delayed.covered, delayed.effects), 0.95, f"{HOW}.",
        ),
        outcome_of_share(
            "simulation: the verdict on 300 us is `exceeds`",
            (delayed.exceeding, delayed.effects), 0.95,
            "The same campaigns; the margin is 10 % and 0.2 ms, with Holm's correction for the operations.",
        ),
        outcome_of_share(
            "simulation: the interval of identical arms covers zero",
            (twins.covered, twins.effects), 0.95, "The same campaigns, `off2` against `off`.",
        ),
        outcome_of_rarity(
            "simulation: identical arms are called `exceeds`",
            (twins.exceeding, twins.effects), 0.05, "The same.",
        ),
    )  # fmt: skip
