"""Sizes are drawn from the quantiles of a real archive, by modality.

`idc_quantiles.json` is a table of facts about the NCI Imaging Data Commons and names its source inside.
Between two quantiles a draw is interpolated linearly; outside the first and last it takes their value, so
no draw is more extreme than what was observed at the 1st and 99th percentile.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).with_name("idc_quantiles.json")


@dataclass(frozen=True, slots=True)
class Quantiles:
    """An inverse cumulative distribution: rising probabilities, and the value at each."""

    probabilities: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, probability: float) -> float:
        """Return the value at a probability."""
        above = bisect_right(self.probabilities, probability)
        if above == 0:
            return self.values[0]
        if above == len(self.probabilities):
            return self.values[-1]
        low, high = self.probabilities[above - 1], self.probabilities[above]
        start, end = self.values[above - 1], self.values[above]
        return start + (end - start) * (probability - low) / (high - low)


@dataclass(frozen=True, slots=True)
class ModalityQuantiles:
    """How large the studies, series and instances of one modality are."""

    series_per_study: Quantiles
    instances_per_series: Quantiles
    bytes_per_instance: Quantiles


# Studies per patient in the same archive: median 1, p90 3, p99 6.
STUDIES_PER_PATIENT = Quantiles((0.5, 0.9, 0.99), (1.0, 3.0, 6.0))


@lru_cache
def quantiles_of(modality: str) -> ModalityQuantiles:
    """Return the quantiles of a modality; KeyError if the table has none."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    probabilities = tuple(table["quantiles"])

    def of(values: Sequence[float]) -> Quantiles:
        return Quantiles(probabilities, tuple(map(float, values)))

    found = table["modalities"][modality]
    return ModalityQuantiles(
        series_per_study=of(found["series_per_study"]),
        instances_per_series=of(found["instances_per_series"]),
        bytes_per_instance=of(found["bytes_per_instance"]),
    )
