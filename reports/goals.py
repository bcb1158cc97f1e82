"""What the reference archive demands of itself beside Orthanc, as ratios of requests per second.

A benchmark's own archive must not be the bottleneck that hides what it measures. The goals hold for
accounting on, and for stores at equal durability; where none is named, the archive must not be slower.
"""

from dataclasses import dataclass

from reports.stats import Interval

NOT_SLOWER = 1.0
READS = {
    "qido-studies-patient-id": 8.0,
    "qido-studies-uid": 8.0,
    "qido-studies-first-page": 30.0,
    "wado-metadata": 15.0,
    "wado-study-metadata": 15.0,
    "wado-instance": 2.0,
    "wado-series": 1.3,
    "wado-study": 1.3,
    "wado-frame": 1.5,
    "wado-rendered": 1.5,
}
LARGE_ONLY = frozenset({"qido-studies-first-page", "qido-studies-patient-id", "qido-studies-uid"})
STORES_OF_FOUR = 1.2


@dataclass(frozen=True, slots=True)
class Goal:
    """The least ratio that is wanted of one operation."""

    least: float

    def word(self, ratio: float, interval: Interval | None) -> str:
        """Return the verdict: an interval that holds the goal decides nothing."""
        if interval is None or interval.contains(self.least):
            return "inconclusive"
        return "reached" if ratio > self.least else "missed"


def goal_of(data: str, phase: str, operation: str) -> Goal:
    """Return the goal of an operation; some are named for the larger archive alone."""
    if operation.startswith("stow-"):
        return Goal(STORES_OF_FOUR if phase == "closed-4" else NOT_SLOWER)
    if operation in LARGE_ONLY and data != "peers-scale":
        return Goal(NOT_SLOWER)
    return Goal(READS.get(operation, NOT_SLOWER))
