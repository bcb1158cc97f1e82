"""Campaign files are read strictly, and what is wrong is said with what would do."""

from pathlib import Path

import pytest

from scenarios.load.operations import Operation
from scenarios.plan import PlanError, read_plan

CAMPAIGNS = Path(__file__).resolve().parents[2] / "scenarios" / "campaigns"
MINIMAL = """
name = "mini"
seed = 1
rounds = 4
block_s = 0.5
[reads]
qido-series = 2
[writes]
stow-instance = 3
[arms.off]
accounting = "off"
[arms.on]
accounting = "grants"
"""


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    path = tmp_path / "mini.toml"
    path.write_text(MINIMAL)
    return path


def test_a_minimal_campaign_is_read(campaign: Path) -> None:
    plan = read_plan(campaign)
    assert [arm.name for arm in plan.arms] == ["off", "on"]
    assert plan.reads == {Operation.QIDO_SERIES: 2}
    assert plan.writes == {Operation.STOW_INSTANCE: 3}


@pytest.mark.parametrize(
    "path",
    sorted(CAMPAIGNS / f"{name}.toml" for name in ("smoke", "ci", "evaluator")),
    ids=lambda path: path.stem,
)
def test_shipped_campaigns_measure_every_operation_in_four_arms(path: Path) -> None:
    plan = read_plan(path)
    assert plan.name == path.stem
    assert {*plan.reads, *plan.writes} == set(Operation)
    assert [arm.name for arm in plan.arms] == ["off", "off2", "null", "on"]
    assert plan.rounds >= 8


def test_overrides_set_values_of_their_type(campaign: Path) -> None:
    plan = read_plan(campaign, ["arms.on.delay_us=500", "block_s=2", "name=other"])
    assert plan.arms[1].delay_us == 500
    assert plan.block_s == 2
    assert plan.name == "other"


@pytest.mark.parametrize(
    ("overrides", "advice"),
    [
        (["arms.onn.delay_us=500"], "there is no table arms.onn; here are off, on"),
        (["arms.on.delay_us"], "write it as table.key=value"),
        (["arms.on.delay=500"], "arms.on has no key 'delay'; there are name, accounting, target"),
        (["arms.on.delay_us=fast"], "it has to be of type int"),
        (["arms.on.delay_us=-1"], "a delay cannot be negative"),
        (["rounds=0"], "has to be above 0"),
        (["restarts=5"], "cannot exceed rounds"),
        (["reads.qido=1"], "no operation 'qido'; there are qido-studies-page"),
        (["reads.stow-instance=1"], "no operation 'stow-instance'"),
        (["reads.qido-series=0"], "names no operation"),
        (["writes.stow-batch=true"], "whole number"),
        (["arms.on.target=http://127.0.0.1:1/"], "needs one of accounting"),
        (["speed=9"], "no key 'speed'"),
        (["open_loop={fractions=[0.3],rounds=0}"], "open_loop.rounds is 0"),
        (["open_loop={fractions=[0.3,0.3]}"], "a list of different numbers"),
        (["open_loop={fractions=[-0.3]}"], "each has to be a number above 0"),
        (["open_loop={fractions=[0.3]}", "rate_per_s=5.0"], "no place beside it"),
        (["open_loop={fractions=[0.3]}", "capacity={clients=[]}"], "capacity.clients is []"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_advice(
    campaign: Path, overrides: list[str], advice: str
) -> None:
    with pytest.raises(PlanError) as refused:
        read_plan(campaign, overrides)
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\n[arms.off]\naccounting = "off"', "at least two arms"),
        (MINIMAL.replace("seed = 1", ""), "missing 1 required positional argument: 'seed'"),
    ],
)
def test_a_broken_file_is_refused_with_advice(tmp_path: Path, text: str, advice: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(PlanError) as refused:
        read_plan(path)
    assert advice in str(refused.value)


def test_a_missing_file_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="scenarios/campaigns"):
        read_plan(tmp_path / "none.toml")
