"""What a campaign planned and its run does not hold, in sentences: a report has to say what it lacks."""

from collections.abc import Sequence

import pandas as pd

from reports.run import Run


def missing_of(
    run: Run, medians: pd.DataFrame, arms: Sequence[str], operations: Sequence[str], *, twin: bool
) -> list[str]:
    """Return a sentence for everything that was planned and not measured in this run or phase."""
    campaign = run.document.get("campaign", {})
    planned_arms = {str(arm["name"]) for arm in campaign.get("arms", [])}
    planned_operations = (
        set() if run.phase.is_open else {*campaign.get("reads", {}), *campaign.get("writes", {})}
    )
    sentences = [f"Arm {name} was planned and not measured." for name in sorted(planned_arms - set(arms))]
    lacking = sorted(planned_operations - set(operations))
    sentences += [f"Operation {name} was planned and never succeeded." for name in lacking]
    index = medians.index
    measured = set(zip(index.get_level_values("operation"), index.get_level_values("arm"), strict=True))
    sentences += [
        f"Operation {operation} has no successful request in arm {arm}."
        for operation in operations
        for arm in arms
        if (operation, arm) not in measured
    ]
    rounds = len(set(index.get_level_values("round")))
    planned = int(run.phase.rounds or campaign.get("rounds", rounds))
    if rounds < planned:
        sentences.append(f"{rounds} of {planned} planned rounds were measured.")
    if not twin:
        sentences.append("There is no twin of the baseline, so the noise floor is unknown.")
    return sentences
