"""Studies, series and instances come back whole, each instance once, as valid files (PS3.18 10.4)."""

from http import HTTPStatus

from scenarios.conformance.answers import Retrieved
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.decoded import expect_same_pixels
from scenarios.conformance.findings import Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.part10 import defects


def retrieved_files(archive: Archive, path: str) -> list[Retrieved]:
    """Return the instances of a path, which have to come as parts of application/dicom."""
    response = archive.get(path, accept=multipart_of(DICOM))
    found = [Retrieved.of(part) for part in archive.parts(response).parts]
    expect_equal(response.content_type.name, "multipart/related", "Content-Type")
    types = {each.part.content_type.name for each in found}
    expect_equal(types, {DICOM}, "Content-Type of the parts")
    return found


def expect_each_once(archive: Archive, path: str, instances: list[Instance]) -> None:
    """Expect a path to give exactly these instances, each once, with their pixels."""
    found = retrieved_files(archive, path)
    expect_equal(sorted(each.uid for each in found), sorted(each.uid for each in instances), "instances")
    by_uid = {each.uid: each for each in found}
    for instance in instances:
        if instance.pixels is not None and "PixelData" in instance.dataset:
            expect_same_pixels(by_uid[instance.uid], instance)


@check("WADO-001", needs=F.BASE)
def a_study_gives_every_instance_once(archive: Archive, base: Stock) -> None:
    """A study of two CT series and a report gives its seven instances, each once, as application/dicom."""
    instances = [each for each in base if each.study_uid == base["a-1-1"].study_uid]
    expect_each_once(archive, base["a-1-1"].study_path, instances)


@check("WADO-002", needs=F.BASE)
def a_series_gives_every_instance_once(archive: Archive, base: Stock) -> None:
    """Each of two series of a study gives its three instances, and none of the other's."""
    for series in ("1", "2"):
        instances = [base[f"a-{series}-{number}"] for number in (1, 2, 3)]
        expect_each_once(archive, instances[0].series_path, instances)


@check("WADO-003", needs=F.BASE)
def an_instance_is_one_part(archive: Archive, base: Stock) -> None:
    """An instance, asked for as multipart, is a multipart of one part: that instance."""
    for label in ("a-1-2", "b"):
        expect_each_once(archive, base[label].path, [base[label]])


@check("WADO-004", needs=(F.VR, F.BASE))
def every_part_is_a_valid_file(archive: Archive, vr: Stock, base: Stock) -> None:
    """Each part has preamble, prefix, complete File Meta Information, and a dataset in its syntax."""
    for path in (vr.first.path, base["a-1-1"].study_path):
        for each in retrieved_files(archive, path):
            found = "; ".join(defects(each.part.body))
            expect(not found, "a valid Part 10 file", got=found)


@check("WADO-006", needs=F.BASE)
def what_is_unknown_is_not_found(archive: Archive, base: Stock) -> None:
    """A study, a series of a known study and an instance of a known series that nobody stored are 404."""
    known, unknown = base["b"], archive.names.uid("unknown")
    expect_each_once(archive, known.path, [known])
    for path in (
        f"/studies/{unknown}",
        f"{known.study_path}/series/{unknown}",
        f"{known.series_path}/instances/{unknown}",
    ):
        response = archive.get(path, accept=multipart_of(DICOM))
        expect_equal(response.status, HTTPStatus.NOT_FOUND, f"status of {path}")


def expect_round_trip(archive: Archive, instance: Instance) -> None:
    """Expect every attribute of an instance to come back as it was stored."""
    found = retrieved_files(archive, instance.path)
    expect_equal([each.uid for each in found], [instance.uid], "instances")
    dataset = found[0].dataset
    for element in instance.dataset:
        if element.tag not in dataset:
            raise Violation(f"{element.name} in {instance.label}", "nothing")
        got = dataset[element.tag].value
        expect(got == element.value, f"{element.name} = {element.value}", got=got)


@check("WADO-009", needs=F.SR)
def a_report_comes_back(archive: Archive, sr: Stock) -> None:
    """A structured report is retrieved with its content tree."""
    expect_round_trip(archive, sr["report"])


@check("WADO-009", needs=F.PDF)
def a_document_comes_back(archive: Archive, pdf: Stock) -> None:
    """An encapsulated PDF is retrieved with its document."""
    expect_round_trip(archive, pdf["pdf"])


@check("WADO-009", needs=F.WAVE)
def a_waveform_comes_back(archive: Archive, wave: Stock) -> None:
    """An ECG is retrieved with its samples."""
    expect_round_trip(archive, wave["ecg"])


@check("WADO-009", needs=F.PR)
def a_presentation_state_comes_back(archive: Archive, pr: Stock) -> None:
    """A presentation state is retrieved with its window and the images that it refers to."""
    expect_round_trip(archive, pr["state"])


@check("WADO-010", needs=F.LARGE)
def a_large_study_comes_whole(archive: Archive, large: Stock) -> None:
    """A study of 500 instances is a well-formed multipart of 500 parts, each instance once."""
    found = archive.parts(archive.get(large.first.study_path, accept=multipart_of(DICOM)))
    expect_equal([str(each) for each in found.deviations], [], "deviations from multipart")
    expect_equal(len(found.parts), len(large), "number of parts")
    uids = {Retrieved.of(part).uid for part in found.parts}
    expect(uids == set(large.uids), "every instance once", got=f"{len(uids)} different ones")
