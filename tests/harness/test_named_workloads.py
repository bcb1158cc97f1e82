"""Named workloads send what they say: checked on journeys, and on a campaign against real archives."""

import json
from collections import Counter
from io import BytesIO
from itertools import islice
from pathlib import Path
from random import Random

import pydicom
import pytest
from pydicom.data import get_testdata_file

from datasets.manifest import InstanceRecord, SeriesRecord, StudyRecord
from datasets.resizing import resized
from scenarios.load.journeys import Journey
from scenarios.load.named import FILES, NAMED, READS_PER_WRITE, SIZES_KB, Material, opening
from scenarios.load.operations import Operation
from scenarios.load.stows import StowSource
from scenarios.plan import PlanError, read_plan

WORKLOAD = Path(__file__).resolve().parents[2] / "scenarios" / "campaigns" / "workload.toml"
DICOM = Path(str(get_testdata_file("CT_small.dcm")))


def study(number: int, series: int = 2, instances: int = 3, frames: int = 1) -> StudyRecord:
    uid = f"2.25.{number + 1}"
    made = tuple(
        SeriesRecord(
            f"{uid}.{each}",
            "CT",
            each,
            tuple(
                InstanceRecord(f"{uid}.{each}.{place}", "1.2", "1.2", place, frames, "f", 1000, "", ())
                for place in range(instances)
            ),
        )
        for each in range(series)
    )
    return StudyRecord(uid, f"P{number // 3}", "A^B", "20200101", str(number), "f", "u", made)


def journeys(name: str, number: int, seed: int = 1) -> list[Journey]:
    source = StowSource(DICOM.read_bytes(), "test")
    studies = [study(each) for each in range(12)]
    material = Material(studies, lambda _size: source, Random(seed), "n")
    return list(islice(NAMED[name].journeys(material), number))


@pytest.mark.parametrize("name", NAMED)
def test_the_same_seed_gives_the_same_journeys(name: str) -> None:
    assert journeys(name, 20) == journeys(name, 20)


@pytest.mark.parametrize("name", [name for name, each in NAMED.items() if each.stores])
def test_what_is_stored_is_stored_once(name: str) -> None:
    bodies = [request.body for journey in journeys(name, 40) for request in journey.requests if request.body]
    assert len(bodies) == len(set(bodies)) > 0


def test_a_hospital_reads_as_often_as_is_assumed() -> None:
    made = journeys("hospital", 2000)
    writes = sum(bool(journey.requests[0].body) for journey in made)
    assert (len(made) - writes) / writes == pytest.approx(READS_PER_WRITE, rel=0.15)
    studies = Counter(sum(each.operation == Operation.WADO_STUDY for each in one.requests) for one in made)
    assert studies[2] / studies[1] == pytest.approx(0.364 / 0.636, rel=0.2)


def test_stow_axes_go_through_every_size_and_number_of_files() -> None:
    made = journeys("stow-axes", len(SIZES_KB) * len(FILES))
    assert [journey.requests[0].operation for journey in made] == [
        f"stow-{modality}-x{files}" for modality in SIZES_KB for files in FILES
    ]
    assert made[3].requests[0].body.count(b"Content-Type: application/dicom") == FILES[3] // 5


def test_an_opening_spans_from_the_series_to_the_first_and_to_the_last_frame() -> None:
    journey = opening(study(1))
    operations = [request.operation for request in journey.requests]
    assert operations == [
        "viewer-worklist",
        "viewer-series",
        "viewer-priors",
        *["viewer-metadata"] * 2,
        *["viewer-frame"] * 6,
    ]
    assert [(span.operation, operations[span.first], span.last) for span in journey.spans] == [
        ("viewer-first-image", "viewer-series", operations.index("viewer-frame")),
        ("viewer-whole-study", "viewer-series", len(operations) - 1),
    ]


def test_a_study_without_images_has_no_first_image() -> None:
    assert opening(study(1, frames=0)).spans == ()


@pytest.mark.parametrize("size_bytes", [20_000, 59_375, 343_750])
def test_an_image_is_resized_to_about_the_bytes_asked_for(size_bytes: int) -> None:
    made = resized(DICOM.read_bytes(), size_bytes)
    assert abs(len(made) - size_bytes) < 0.05 * size_bytes
    dataset = pydicom.dcmread(BytesIO(made))
    assert len(dataset.PixelData) == dataset.Rows * dataset.Columns * 2
    assert dataset.PatientID == pydicom.dcmread(DICOM).PatientID


@pytest.mark.parametrize(
    ("overrides", "advice"),
    [
        (["workload=hospice"], "there are hospital, research, uniform-500k, stow-axes, viewer"),
        (["reads={qido-series=1}"], "have no place beside it"),
        (["workload=stow-axes", "rounds=6"], "stow-axes has 4 phases"),
    ],
)
def test_a_named_workload_that_cannot_be_meant_is_refused(overrides: list[str], advice: str) -> None:
    with pytest.raises(PlanError) as refused:
        read_plan(WORKLOAD, overrides)
    assert advice in str(refused.value)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_workload_brings_its_data_set(name: str) -> None:
    plan = read_plan(WORKLOAD, [f"workload={name}"])
    assert plan.data.recipe == NAMED[name].recipe
    assert json.loads(json.dumps(plan.facts()))["workload"] == name
