"""The plan of a growth campaign: a TOML file and overrides, as frozen values; unknown keys are refused."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from scenarios.plan import PlanError

BASELINE = "off"
LEAST = {"shares": 0, "warm_rounds": 0, "seed": 0}
PROFILES = Path(__file__).resolve().parent / "profiles"


@dataclass(frozen=True, slots=True)
class GrowthPlan:
    """Which archives are made, who is in them, and how often each thing is asked of each arm."""

    name: str
    seed: int
    studies: tuple[int, ...]  # the sizes of the archives
    instances: int  # of each study
    users: int
    grants: int  # of each user
    arms: tuple[str, ...]  # designs of accounting; "off" is the baseline
    rounds: int
    requests: int  # of each kind, in each round and arm
    shares: int  # issued and revoked, in each round and arm
    page_limit: int
    warm_rounds: int = 2
    steal: float = 0.02  # more of the CPU time stolen makes the run invalid


def read_growth_plan(path: Path, overrides: Sequence[str] = ()) -> GrowthPlan:
    """Return the plan in the file, with `key=value` overrides applied; anything wrong raises PlanError."""
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        for override in overrides:
            document.update(tomllib.loads(override))
    except OSError as error:
        raise PlanError(
            f"{path} cannot be read: {error.strerror}; profiles lie in {PROFILES.name}/"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{path} and the overrides are not TOML: {error}") from None
    return _checked(document, path)


def _checked(document: Mapping[str, Any], path: Path) -> GrowthPlan:
    known = {each.name: each for each in fields(GrowthPlan)}
    if unknown := sorted(set(document) - set(known)):
        raise PlanError(f"{path} has no use for {', '.join(unknown)}; known are {', '.join(known)}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    for name, value in values.items():
        if known[name].type is int and (type(value) is not int or value < LEAST.get(name, 1)):
            raise PlanError(f"{path}: {name} is {value!r}; it counts, so write a whole number")
    try:
        plan = GrowthPlan(**values)
    except TypeError as error:
        raise PlanError(f"{path}: {str(error).partition('() ')[2]}") from None
    if BASELINE not in plan.arms:
        raise PlanError(f"{path}: arms has to name {BASELINE!r}, with which the others are compared")
    if not plan.studies or any(type(each) is not int for each in plan.studies):
        raise PlanError(f"{path}: studies has to list the sizes of the archives")
    return plan
