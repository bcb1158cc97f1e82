"""Warming: an arm is read until three successive windows agree, or the time is up, which is noted."""

from collections.abc import Callable, Mapping
from typing import Any

from scenarios.plan import WarmupPlan

AGREEING_WINDOWS = 3


def settled(windows: list[float], tolerance: float) -> bool:
    """Tell whether the last windows agree within the tolerance."""
    last = windows[-AGREEING_WINDOWS:]
    return len(last) == AGREEING_WINDOWS and max(last) <= min(last) * (1 + tolerance)


def warm(arm: str, plan: WarmupPlan, read: Callable[..., Mapping[str, Any]]) -> tuple[float, bool]:
    """Read an arm until it is warm; return the seconds that took, and whether it settled.

    `read(arm=, seconds=)` lets the generator read for one window; the windows are compared by the sum of
    the medians of their operations.
    """
    windows: list[float] = []
    while (len(windows) + 1) * plan.window_s <= plan.at_most_s:
        windows.append(sum(read(arm=arm, seconds=plan.window_s)["medians_ms"].values()))
        if settled(windows, plan.tolerance):
            return len(windows) * plan.window_s, True
    return len(windows) * plan.window_s, False
