"""Arms of every kind start, say what they are, and take the same data: settings, revisions and Orthanc."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from scenarios.arm_plan import ArmPlan
from scenarios.arms import Arm, ArmUnreachableError, new_arm
from scenarios.arms.orthanc import dicomweb_plugin, executable
from scenarios.arms.revision import ROOT, commit_of, export
from scenarios.comparability import compare_answers
from scenarios.data_set import open_data_set
from scenarios.filling import fill
from scenarios.load.workload import build_workload
from scenarios.machine import split_cpus, take_reading
from scenarios.plan import PlanError

orthanc_is_here = pytest.mark.skipif(
    executable() is None or dicomweb_plugin() is None,
    reason="Orthanc is not installed; nox -s peers does that",
)


@contextmanager
def running(plan: ArmPlan, folder: Path, cpu: int | None = None) -> Iterator[Arm]:
    """Run one arm until the block ends."""
    arm = new_arm(plan, folder / plan.name, cpu)
    arm.prepare()
    try:
        arm.start()
        yield arm
    finally:
        arm.stop()


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (ArmPlan("a"), "needs one of"),
        (ArmPlan("a", accounting="off", orthanc=True), "needs one of"),
        (ArmPlan("a", accounting="off", settings={"port": 80}), "settings.port is chosen by the harness"),
        (ArmPlan("a", orthanc=True, settings={"HttpPort": 80}), "settings.HttpPort is chosen"),
        (ArmPlan("a", target="http://x", settings={"a": 1}), "settings are for an archive"),
        (ArmPlan("a", orthanc=True, revision="HEAD"), "revision is one of this repository"),
        (ArmPlan("a", accounting="off", delay_us=-1), "cannot be negative"),
        (ArmPlan("a", accounting="off", settings={"a": []}), "settings.a is no text"),  # type: ignore[dict-item]  # as a file may hold it
        (ArmPlan("a", accounting="off", settings=3), "has to be a table"),  # type: ignore[arg-type]  # as above
        (ArmPlan("a", orthanc=3), "write true"),  # type: ignore[arg-type]  # as above
    ],
)
def test_an_arm_that_cannot_be_started_is_refused_with_advice(plan: ArmPlan, fault: str) -> None:
    assert fault in (plan.fault or "")


@pytest.mark.parametrize(
    "plan",
    [
        ArmPlan("a", accounting="off", settings={"max_counted": 1, "force": True}),
        ArmPlan("a", accounting="grants", revision="HEAD"),
        ArmPlan("a", target="http://x"),
        ArmPlan("a", orthanc=True, settings={"StorageCompression": False}),
    ],
)
def test_every_kind_of_arm_can_be_meant(plan: ArmPlan) -> None:
    assert plan.fault is None


def test_settings_reach_the_server_and_are_recorded(tmp_path: Path) -> None:
    settings = {"max_results": 1, "force": True}
    with running(ArmPlan("off", accounting="off", settings=settings), tmp_path) as arm:
        assert httpx.get(f"{arm.base_url}/studies?limit=0").is_success
        assert settings.items() <= arm.facts()["settings"].items()


def test_the_workers_of_a_server_are_pinned_and_counted_with_it(tmp_path: Path) -> None:
    cpu, _ = split_cpus()
    plan = ArmPlan("off", accounting="off", settings={"workers": 2})
    with running(plan, tmp_path, cpu) as arm:
        assert arm.pid is not None
        family = [psutil.Process(arm.pid), *psutil.Process(arm.pid).children(recursive=True)]
        assert len(family) >= 3
        if cpu is not None:
            assert {tuple(os.sched_getaffinity(each.pid)) for each in family} == {(cpu,)}
        alone = family[0].memory_info().rss
        assert (take_reading(arm.pid, os.getpid()).rss_bytes or 0) > 2 * alone


def test_a_setting_that_the_server_does_not_have_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ArmUnreachableError, match="unrecognized arguments: --speed 9"),
        running(ArmPlan("off", accounting="off", settings={"speed": 9}), tmp_path),
    ):
        pass


def test_a_revision_runs_the_code_of_its_commit(tmp_path: Path) -> None:
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("the files here are in no git repository")
    with running(ArmPlan("head", accounting="grants", revision="HEAD"), tmp_path) as arm:
        assert arm.pid is not None
        assert Path(f"/proc/{arm.pid}/cwd").resolve() == tmp_path / "head-code"
        assert httpx.get(f"{arm.base_url}/studies", headers=arm.administrator).is_success
        assert arm.facts()["settings"]["commit"] == commit_of("HEAD")
    with pytest.raises(PlanError, match="'--all' names no commit"):
        commit_of("--all")
    with pytest.raises(PlanError, match="git cannot pack"):
        export("nothing", tmp_path / "nothing")


@orthanc_is_here
def test_orthanc_takes_the_data_and_answers_in_substance_alike(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datasets", "tiny", "--seed", "1", "--out", str(tmp_path / "tiny")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    manifest = open_data_set(tmp_path / "tiny")
    with (
        running(ArmPlan("off", accounting="off"), tmp_path) as ours,
        running(ArmPlan("orthanc", orthanc=True, settings={"Name": "arm"}), tmp_path) as theirs,
    ):
        assert httpx.get(f"{theirs.origin}/system").json()["Name"] == "arm"
        assert theirs.facts()["settings"]["orthanc"]
        for arm in (ours, theirs):
            assert fill(arm, manifest).visible_instances == sum(
                len(series.instances) for study in manifest.studies for series in study.series
            )
        requests = [each for some in build_workload(manifest, 2, 5).reads.values() for each in some]
        compared = compare_answers([ours, theirs], requests)
        assert compared.faults == []
        assert any(note.startswith("qido-studies-page: a page is compared") for note in compared.notes)
        assert theirs.pid is not None
