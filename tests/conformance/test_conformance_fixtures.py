"""Fixtures are the same bytes for the same seed, and belong to one run alone."""

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels.processing import apply_color_lut

from scenarios.conformance.findings import HarnessError, Unsupported
from scenarios.conformance.fixtures import ALL_FIXTURES, F
from scenarios.conformance.fixtures.fixture import Fixture, Stock
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.fixtures.instance import Instance

SEED = Identifiers("seed")
VALID = [fixture for fixture in ALL_FIXTURES if fixture not in {F.BAD, F.UNSUP}]
UNDECODED = {F.VIDEO}  # no decoder of ours reads H.264


def build(fixture: Fixture, names: Identifiers = SEED) -> list[Instance]:
    return list(fixture.build(names.within(fixture.scope)))


def by_name(fixture: Fixture) -> str:
    return fixture.name


@pytest.mark.parametrize("fixture", ALL_FIXTURES, ids=by_name)
def test_a_seed_always_gives_the_same_bytes(fixture: Fixture) -> None:
    assert [found.data for found in build(fixture)] == [found.data for found in build(fixture)]


@pytest.mark.parametrize("fixture", ALL_FIXTURES, ids=by_name)
def test_labels_are_unique(fixture: Fixture) -> None:
    labels = [found.label for found in build(fixture)]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("fixture", VALID, ids=by_name)
def test_files_hold_the_dataset_and_the_pixels_that_they_promise(fixture: Fixture) -> None:
    for found in build(fixture):
        dataset = dcmread(io.BytesIO(found.data))
        assert (dataset.SOPInstanceUID, dataset.StudyInstanceUID) == (found.uid, found.study_uid)
        if found.pixels is None or "Rows" not in dataset or fixture in UNDECODED:
            continue
        pixels = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            pixels = apply_color_lut(pixels, dataset) >> 8
        lossy_or_converted = fixture in {F.JPEG, F.COLOR}
        assert np.allclose(pixels, found.pixels, rtol=0, atol=2 if lossy_or_converted else 0), found.label


def test_two_runs_share_no_uid_and_no_text_key() -> None:
    one, other = (
        [found for fixture in VALID for found in build(fixture, Identifiers(seed))] for seed in ("1", "2")
    )
    assert not {found.uid for found in one} & {found.uid for found in other}
    assert not {found.study_uid for found in one} & {found.study_uid for found in other}
    assert not {found.patient_id for found in one} & {found.patient_id for found in other}


def test_the_fixtures_of_a_run_share_no_instance() -> None:
    uids = [found.uid for fixture in VALID if fixture is not F.DUP for found in build(fixture)]
    assert len(uids) == len(set(uids))


@pytest.mark.parametrize("root", ["2.25", "1.2.3", "1.2.826.0.1.3680043.10.1561.123456789.123456789"])
def test_uids_are_legal_under_every_root(root: str) -> None:
    for number in range(50):
        uid = Identifiers("seed", "scope", root).uid(str(number))
        assert len(uid) <= 64
        assert all(part == str(int(part)) for part in uid.split("."))


def test_text_keys_fit_their_value_representation() -> None:
    for fixture in VALID:
        for found in build(fixture):
            assert len(found.patient_id) <= 64
            assert len(found.dataset.AccessionNumber) <= 16


def test_a_refused_instance_ends_a_check_as_unsupported() -> None:
    stock = Stock(F.RLE, SEED, tuple(build(F.RLE)), frozenset({"rgb"}))
    assert stock["grey"].label == "grey"
    with pytest.raises(Unsupported):
        stock["rgb"]
    with pytest.raises(HarnessError):
        stock["typing error"]


def test_a_changed_instance_keeps_its_uids() -> None:
    original = build(F.BASE)[0]
    changed = original.changed(PatientName="Other", Modality=None)
    assert changed.path == original.path
    assert "Modality" not in changed.dataset
    assert "Modality" in original.dataset
    assert changed.data != original.data
