"""Frames that the statistics start from: one median per operation, arm and round, and what they rest on.

A round is the unit of replication. Medians are taken within a round and compared within it; nothing is
averaged over a run before it is compared. A request that failed has no time and is counted instead.
"""

import pandas as pd

from reports.run import DURATIONS, SPAN_COLUMNS, Run

ARM_ORDER = ("off", "off2", "null", "on")
OPERATION_ORDER = (
    "stow-instance", "stow-batch", "qido-studies-page", "qido-studies-patient-id", "qido-studies-uid",
    "qido-studies-name-wildcard", "qido-studies-date-range", "qido-series", "qido-instances", "wado-study",
    "wado-series", "wado-instance", "wado-metadata", "wado-frame",
)  # fmt: skip
TIMES = (*DURATIONS, *SPAN_COLUMNS.values())
KEYS = ["operation", "arm", "round"]


def ordered(names: set[str], order: tuple[str, ...]) -> list[str]:
    """Return the names in the given order, unknown ones behind in alphabetical order."""
    return [name for name in order if name in names] + sorted(names - set(order))


def arms_of(run: Run) -> list[str]:
    """Return the arms that were measured: ours first, others in the order of the campaign."""
    planned = [str(arm["name"]) for arm in run.document.get("campaign", {}).get("arms", [])]
    order = (*ARM_ORDER, *(name for name in planned if name not in ARM_ORDER))
    return ordered(set(run.samples["arm"].unique()), order)


def operations_of(run: Run) -> list[str]:
    """Return the operations that were measured, in the order of the workload."""
    return ordered(set(run.samples["operation"].unique()), OPERATION_ORDER)


def round_medians(run: Run) -> pd.DataFrame:
    """Return the medians of all times in milliseconds, indexed by operation, arm and round."""
    times = [name for name in TIMES if name in run.samples.columns]
    return run.successes.groupby(KEYS, observed=True)[times].median()


def round_restarts(run: Run) -> dict[int, int]:
    """Return for each round with how many-th start of the servers it was measured; empty without blocks."""
    if run.blocks.empty:
        return {}
    valid = run.blocks[run.blocks["valid"].astype(bool)]
    return dict(valid[["round", "restart"]].astype(int).itertuples(index=False, name=None))


def paired(medians: pd.DataFrame, column: str, operation: str, arm: str, baseline: str) -> pd.DataFrame:
    """Return the columns `arm` and `baseline`, one row for each round in which both were measured."""
    pair = {"arm": _by_round(medians, column, operation, arm)}
    pair["baseline"] = _by_round(medians, column, operation, baseline)
    return pd.concat(pair, axis="columns", join="inner").dropna().sort_index()


def _by_round(medians: pd.DataFrame, column: str, operation: str, arm: str) -> pd.Series:
    """Return one arm's medians of an operation, indexed by round; empty where it was not measured."""
    index = medians.index
    chosen = (index.get_level_values("operation") == operation) & (index.get_level_values("arm") == arm)
    return medians.loc[chosen, column].droplevel(["operation", "arm"]).astype("float64")
