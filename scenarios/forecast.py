"""Forecast: what a campaign would do, told before it is done."""

from pathlib import Path

from scenarios.plan import Plan
from scenarios.schedule import orders
from scenarios.telling import tell


def describe(plan: Plan, data: Path | None) -> None:
    """Say what the campaign would do, round by round."""
    source = str(data) if data else f"recipe {plan.data.recipe}, seed {plan.data.seed}"
    tell(f"campaign {plan.name}: {plan.rounds} rounds of {len(plan.arms)} arms, blocks of {plan.block_s:g} s")
    tell(f"  data: {source}")
    for arm in plan.arms:
        tell(f"  arm {arm.name}: {arm.accounting or arm.target}, injected delay {arm.delay_us} us")
    for number, order in enumerate(orders([arm.name for arm in plan.arms], plan.rounds, plan.seed), start=1):
        tell(f"  round {number}: {' '.join(order)}")
