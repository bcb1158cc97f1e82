"""An injected delay on a real archive: the whole chain finds 300 us, and nothing where there is nothing.

One archive is all three arms, so that layout and hash seed of a process, which differ between two archives
of one build by up to some percent, are no part of the truth: it is 300 us for `on` and zero for `off2`. The
campaign engine and its generator measure long sessions of short blocks; each six rounds, which share
nothing with others but the processes, are a campaign of their own, and each operation is judged alone,
because six rounds cannot pass Holm's correction for three.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from reports.effects import Pair
from reports.frames import operations_of, round_medians
from reports.run import Run, find_run, read_run
from scenarios.machine import pin, split_cpus
from tests.conformance.reference_archive import ROOT, free_port, wait_until_healthy
from tests.selftest.judging import DELAYED, TWINS, Tally, tally
from tests.selftest.outcome import Outcome, outcome_of_rarity, outcome_of_share

CAMPAIGN = Path(__file__).with_name("delay.toml")
CAMPAIGNS, SESSIONS, ROUNDS = 100, 2, 6
DELAY_MS = 0.3
HOW = (
    f"{CAMPAIGNS} groups of {ROUNDS} rounds, disjoint, out of {SESSIONS} sessions of the campaign engine "
    "against one real archive that is all arms; three operations, each judged alone"
)


def outcomes() -> Sequence[Outcome]:
    """Measure, and return what the groups of rounds say."""
    runs = [measured_session(CAMPAIGNS // SESSIONS * ROUNDS, seed) for seed in range(SESSIONS)]
    delayed, twins = (
        added([judged(run, pair, truth) for run in runs])
        for pair, truth in ((DELAYED, DELAY_MS), (TWINS, 0.0))
    )
    return (
        outcome_of_share(
            "real archive: the interval covers 300 us that were added",
            (delayed.covered, delayed.effects), 0.95, f"{HOW}.",
        ),
        outcome_of_share(
            "real archive: the verdict on 300 us is `exceeds`",
            (delayed.exceeding, delayed.effects), 0.95, "The same groups; the margin is 10 % and 0.2 ms.",
        ),
        outcome_of_share(
            "real archive: the interval of identical arms covers zero",
            (twins.covered, twins.effects), 0.95, "The same groups, `off2` against `off`.",
        ),
        outcome_of_rarity(
            "real archive: identical arms are called `exceeds`",
            (twins.exceeding, twins.effects), 0.05, "The same.",
        ),
    )  # fmt: skip


def measured_session(rounds: int, seed: int) -> Run:
    """Carry out one session of that many rounds and return its run, which is complete or an error."""
    with tempfile.TemporaryDirectory() as folder, _archive(Path(folder) / "data") as base_url:
        runs = Path(folder) / "runs"
        settings = [f"arms.{arm}.target={base_url}" for arm in ("off", "off2", "on")]
        settings += [f"rounds={rounds}", f"seed={seed}"]
        command = [sys.executable, "-m", "scenarios.campaign", str(CAMPAIGN), "--out", str(runs)]
        command += [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the campaign ended with {done.returncode}: {done.stderr[-800:]}")
        return read_run(find_run("latest", runs))


def judged(run: Run, pair: Pair, truth_ms: float) -> Tally:
    """Return what the groups of rounds of one session say about a pair of arms."""
    return tally(groups(round_medians(run), ROUNDS), operations_of(run), pair, truth_ms, family=1)


def groups(medians: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Yield disjoint groups of successive rounds; what is left over at the end is no group."""
    numbers = medians.index.get_level_values("round")
    for start in range(0, (int(numbers.max()) + 1) // size * size, size):
        yield medians[(numbers >= start) & (numbers < start + size)]


def added(tallies: Sequence[Tally]) -> Tally:
    """Return the sum of tallies."""
    return Tally(
        sum(each.effects for each in tallies),
        sum(each.covered for each in tallies),
        sum(each.exceeding for each in tallies),
    )


@contextlib.contextmanager
def _archive(data: Path) -> Iterator[str]:
    """Run the reference archive on the CPU that campaigns give to servers; the base URL is given."""
    port = free_port()
    command = [sys.executable, "-m", "reference_server", "--data", str(data), "--port", str(port)]
    command += ["--accounting", "off", "--base-path", "/dicom-web"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_healthy(process, port)
            pin(process.pid, split_cpus()[0])
            yield f"http://127.0.0.1:{port}/dicom-web"
        finally:
            process.terminate()
            process.wait(10)
