"""The workload aims at what is there, at targets of like size, and never at what a STOW adds."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.manifest import InstanceRecord, Manifest, SeriesRecord, StudyRecord
from datasets.people import People
from scenarios.load.operations import READS, Operation
from scenarios.load.workload import WorkloadError, around_median, build_workload

NOBODY = People(organizations=(), facilities=(), roles=(), users=(), shares=())


def study(number: int, *, frames: int = 1) -> StudyRecord:
    uid = f"2.25.{number + 1}"
    instances = tuple(
        InstanceRecord(f"{uid}.1.{each}", "1.2", "1.2", each, frames, "f", 1000 + number, "", ())
        for each in range(3)
    )
    return StudyRecord(
        study_uid=uid,
        patient_id=f"P {number}",
        patient_name=f"{chr(65 + number % 26)}ä^Given",
        study_date=f"20{number % 30:02}{1 + number % 12:02}05",
        accession_number=str(number),
        facility="f",
        owner="u",
        series=(SeriesRecord(f"{uid}.1", "CT", 1, instances),),
    )


def manifest(number: int, *, frames: int = 1) -> Manifest:
    return Manifest("r", 1, NOBODY, tuple(study(each, frames=frames) for each in range(number)), Path())


@given(studies=st.integers(1, 60), targets=st.integers(1, 20), limit=st.integers(1, 30))
def test_every_read_has_distinct_targets(studies: int, targets: int, limit: int) -> None:
    workload = build_workload(manifest(studies), targets, limit)
    assert set(workload.reads) == set(READS)
    for requests in workload.reads.values():
        assert 1 <= len(requests) == len(set(requests)) <= targets
        assert all(request.path.isascii() and " " not in request.path for request in requests)


@given(studies=st.integers(1, 60), limit=st.integers(1, 30))
def test_every_page_is_full(studies: int, limit: int) -> None:
    workload = build_workload(manifest(studies), 8, limit)
    for request in workload.reads[Operation.QIDO_STUDIES_PAGE]:
        query = parse_qs(urlsplit(request.path).query)
        assert int(query["offset"][0]) + int(query["limit"][0]) <= studies


def test_searches_do_not_match_what_a_stow_adds() -> None:
    made = manifest(20)
    workload = build_workload(made, 20, 10)
    (template,) = [s for s in made.studies for e in s.series if workload.template in e.instances]
    paths = [
        request.path
        for operation in (
            Operation.QIDO_STUDIES_PATIENT_ID,
            Operation.QIDO_STUDIES_NAME_WILDCARD,
            Operation.QIDO_STUDIES_DATE_RANGE,
        )
        for request in workload.reads[operation]
    ]
    assert not [path for path in paths if template.patient_id.replace(" ", "%20") + "&" in path + "&"]
    assert not [path for path in paths if f"StudyDate={template.study_date[:6]}" in path]


def test_a_date_of_acr_nema_is_not_searched_for() -> None:
    old = replace(study(3), study_date="1997.03.05")
    made = replace(manifest(3), studies=(*manifest(3).studies, old))
    paths = [request.path for request in build_workload(made, 8, 10).reads[Operation.QIDO_STUDIES_DATE_RANGE]]
    assert paths
    assert not [path for path in paths if "." in path]


@given(seed=st.integers(), number=st.integers(0, 1000))
def test_a_round_orders_the_same_targets_in_its_own_way(seed: int, number: int) -> None:
    workload = build_workload(manifest(12), 8, 5)
    order = workload.in_round(Operation.WADO_SERIES, seed, number)
    assert sorted(each.path for each in order) == sorted(
        e.path for e in workload.reads[Operation.WADO_SERIES]
    )
    assert order == workload.in_round(Operation.WADO_SERIES, seed, number)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40), st.integers(1, 50))
def test_targets_lie_around_the_median(weights: list[int], number: int) -> None:
    chosen = around_median(weights, number, int)
    assert len(chosen) == min(number, len(weights))
    ordered = sorted(weights)
    first = (len(weights) - len(chosen)) // 2
    assert chosen == ordered[first : first + len(chosen)]


@pytest.mark.parametrize(
    ("made", "reason"),
    [(manifest(0), "holds no study"), (manifest(3, frames=0), "no single-frame image")],
    ids=["empty", "no-image"],
)
def test_a_data_set_without_targets_is_refused(made: Manifest, reason: str) -> None:
    with pytest.raises(WorkloadError, match=reason):
        build_workload(made, 8, 10)
