"""An arm that cannot run says so, and an arm that runs can be stopped and started on the same data."""

import os
from pathlib import Path

import httpx
import psutil
import pytest

from scenarios.arm_plan import ArmPlan
from scenarios.arms import ArmUnreachableError, new_arm
from scenarios.machine import split_cpus, take_reading
from scenarios.plan import PlanError

TARGETS = Path(__file__).resolve().parents[2] / "scenarios" / "targets"


def test_a_restarted_arm_keeps_port_and_data_and_changes_its_hash_seed(tmp_path: Path) -> None:
    cpu, _ = split_cpus()
    arm = new_arm(ArmPlan("on", accounting="grants"), tmp_path / "on", cpu)
    arm.prepare()
    pids = []
    try:
        for _ in range(2):
            arm.start()
            assert arm.pid is not None
            pids.append(arm.pid)
            if cpu is not None:
                assert {*os.sched_getaffinity(arm.pid)} == {cpu}
            headers = arm.administrator
            assert httpx.get(f"{arm.base_url}/studies", headers=headers).status_code == 200
            assert httpx.get(f"{arm.base_url}/studies").status_code == 401
            arm.stop()
    finally:
        arm.stop()
    assert len({*arm.hash_seeds}) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_an_arm_that_dies_at_start_tells_what_it_said(tmp_path: Path) -> None:
    arm = new_arm(ArmPlan("odd", accounting="sometimes"), tmp_path / "odd", None)
    arm.origin = "http://127.0.0.1:9"
    arm.folder.mkdir()
    with pytest.raises(ArmUnreachableError, match=r"arm odd did not become healthy; it said: .*sometimes"):
        arm.start()
    arm.stop()


def test_the_headers_of_a_target_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = ArmPlan("on", target=str(TARGETS / "token.toml"))
    monkeypatch.delenv("PHANTOM_LOAD_TOKEN", raising=False)
    with pytest.raises(PlanError, match=r"arms\.on\.target: .*PHANTOM_LOAD_TOKEN.*is not set"):
        new_arm(plan, tmp_path, None).prepare()
    monkeypatch.setenv("PHANTOM_LOAD_TOKEN", "secret")
    arm = new_arm(plan, tmp_path, None)
    arm.prepare()
    assert arm.headers == {"Authorization": "Bearer secret"}
    assert "secret" not in repr(arm.facts())


def test_readings_only_grow() -> None:
    before = take_reading(os.getpid(), os.getpid())
    sum(range(3_000_000))
    after = take_reading(os.getpid(), os.getpid())
    spent = after.server_cpu_since(before)
    assert spent is not None
    assert spent > 0
    assert 0 <= after.steal_since(before) <= 1
    assert take_reading(None, os.getpid()).server_cpu_since(before) is None
