"""WADO-URI over HTTP: one instance by query, as a file or as a picture, for those who may (PS3.18 9)."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer
from tests.server.test_rendered import changed, file_content, opened, samples

EXPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
DICOM = "application/dicom"


def uids_of(content: bytes) -> dict[str, str]:
    """Return the parameters that name an instance."""
    dataset = dcmread(BytesIO(content), stop_before_pixels=True)
    return {
        "requestType": "WADO",
        "studyUID": str(dataset.StudyInstanceUID),
        "seriesUID": str(dataset.SeriesInstanceUID),
        "objectUID": str(dataset.SOPInstanceUID),
    }


def wado(
    archive: RunningArchive, uids: dict[str, str], accept: str = "*/*", token: str = "", **more: str
) -> httpx.Response:
    """Answer a WADO-URI request."""
    headers = {"Accept": accept} | (bearer(token) if token else {})
    return archive.client.get(f"{archive.base}/wado", params=uids | more, headers=headers)


def file_of(response: httpx.Response) -> Dataset:
    """Return the dataset of an answer that is a file."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == DICOM
    return dcmread(BytesIO(response.content))


@pytest.fixture(scope="module")
def still(plain: RunningArchive, ct: bytes) -> dict[str, str]:
    """The parameters of a stored CT image of 128 x 128."""
    assert plain.store(ct).status_code == 200
    return uids_of(ct)


@pytest.fixture(scope="module")
def moving(plain: RunningArchive) -> dict[str, str]:
    """The parameters of a stored image of thirty colour frames."""
    content = file_content("examples_ybr_color.dcm")
    assert plain.store(content).status_code == 200
    return uids_of(content)


def test_a_file_is_the_stored_one(plain: RunningArchive, still: dict[str, str], ct: bytes) -> None:
    assert wado(plain, still, contentType=DICOM).content == ct
    assert wado(plain, still, accept=DICOM).content == ct


def test_a_file_is_explicit_little_endian_unless_asked_otherwise(plain: RunningArchive) -> None:
    content = changed(file_content("MR_small_RLE.dcm"))
    assert plain.store(content).status_code == 200
    uids = uids_of(content)
    for more, syntax in (({}, EXPLICIT), ({"transferSyntax": RLE}, RLE)):
        dataset = file_of(wado(plain, uids, contentType=DICOM, **more))
        assert dataset.file_meta.TransferSyntaxUID == syntax
        assert (dataset.pixel_array == dcmread(BytesIO(content)).pixel_array).all()


def test_images_are_pictures_reports_text_and_others_files(
    plain: RunningArchive, still: dict[str, str]
) -> None:
    assert opened(wado(plain, still)).format == "JPEG"
    assert opened(wado(plain, still, contentType="image/png,image/jpeg")).format == "PNG"
    assert opened(wado(plain, still, contentType="image/jpg", accept="image/jpeg")).format == "JPEG"
    report = file_content("reportsi.dcm")
    assert plain.store(report).status_code == 200
    assert wado(plain, uids_of(report)).headers["content-type"] == "text/html; charset=utf-8"
    assert file_of(wado(plain, uids_of(report), contentType=DICOM)).Modality == "SR"
    waveform = file_content("waveform_ecg.dcm")
    assert plain.store(waveform).status_code == 200
    assert file_of(wado(plain, uids_of(waveform))).Modality == "ECG"
    for content in (report, waveform):
        assert wado(plain, uids_of(content), contentType="image/jpeg").status_code == 406


def test_a_moving_image_is_animated_or_one_frame(plain: RunningArchive, moving: dict[str, str]) -> None:
    assert opened(wado(plain, moving)).format == "GIF"
    assert opened(wado(plain, moving, contentType="image/jpeg")).format == "JPEG"
    frames = [samples(wado(plain, moving, contentType="image/png", frameNumber=each)) for each in ("1", "30")]
    assert (frames[0] != frames[1]).any()


def test_a_region_is_cut_and_bounded(plain: RunningArchive, still: dict[str, str]) -> None:
    png = {"contentType": "image/png"}
    whole = samples(wado(plain, still, **png))
    assert (samples(wado(plain, still, region="0.5,0,1,0.25", **png)) == whole[:32, 64:]).all()
    for bounds, size in (({"rows": "40"}, (80, 40)), ({"rows": "40", "columns": "10"}, (10, 5))):
        assert opened(wado(plain, still, region="0.5,0,1,0.25", **png, **bounds)).size == size


def test_a_window_is_linear(plain: RunningArchive, still: dict[str, str], ct: bytes) -> None:
    window = {"windowCenter": "40", "windowWidth": "400"}
    dataset = dcmread(BytesIO(ct))
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    expected = np.clip((values - 39.5) / 399 + 0.5, 0, 1) * 255
    shown = samples(wado(plain, still, contentType="image/png", **window))
    assert np.abs(shown - expected).max() <= 0.5


@pytest.mark.parametrize(
    "more",
    [
        {"requestType": "wado"},
        {"requestType": ""},
        {"studyUID": ""},
        {"seriesUID": "a"},
        {"objectUID": "1.2/3"},
        {"contentType": ""},
        {"contentType": "jpeg"},
        {"contentType": f"{DICOM};charset=utf-8"},
        {"contentType": DICOM, "transferSyntax": "1..2"},
        {"contentType": DICOM, "transferSyntax": f"{EXPLICIT},{RLE}"},
        {"contentType": "image/jpeg", "transferSyntax": EXPLICIT},
        {"contentType": DICOM, "frameNumber": "1"},
        {"contentType": DICOM, "rows": "10"},
        {"contentType": DICOM, "windowCenter": "1", "windowWidth": "1"},
        {"windowCenter": "40"},
        {"windowWidth": "400"},
        {"windowCenter": "40", "windowWidth": "0"},
        {"frameNumber": "1"},
        {"rows": "0"},
        {"columns": "1.5"},
        {"region": "0,0,1"},
        {"region": "0.5,0,0.1,1"},
        {"region": "0,0,1.5,1"},
        {"imageQuality": "101"},
        {"imageAnnotation": ""},
        {"anonymize": "no"},
        {"presentationUID": "1.2.3"},
        {"presentationUID": "x", "presentationSeriesUID": "1.2.3"},
    ],
)
def test_a_malformed_query_is_the_clients_error(
    plain: RunningArchive, still: dict[str, str], more: dict[str, str]
) -> None:
    assert wado(plain, still | more).status_code == 400


@pytest.mark.parametrize("frame", ["0", "31", "x", "1,2", "99999999999"])
def test_a_frame_that_is_not_there_is_the_clients_error(
    plain: RunningArchive, moving: dict[str, str], frame: str
) -> None:
    assert wado(plain, moving, frameNumber=frame).status_code == 400


def test_a_parameter_that_is_given_twice_is_refused(plain: RunningArchive, still: dict[str, str]) -> None:
    twice = httpx.QueryParams(still).add("objectUID", still["objectUID"])
    assert plain.client.get(f"{plain.base}/wado", params=twice).status_code == 400


@pytest.mark.parametrize(
    ("accept", "more"),
    [
        ("*/*", {"contentType": "image/tiff"}),
        ("*/*", {"contentType": 'multipart/related; type="image/jpeg"'}),
        ("image/png", {"contentType": DICOM}),
        ("text/html", {}),
        ("*/*", {"contentType": DICOM, "transferSyntax": "1.2.840.10008.1.2"}),
        ("*/*", {"contentType": DICOM, "transferSyntax": "1.2.840.10008.1.2.4.100"}),
        ("*/*", {"contentType": DICOM, "transferSyntax": "1.2.3"}),
        ("*/*", {"anonymize": "yes"}),
        ("*/*", {"presentationUID": "1.2.3", "presentationSeriesUID": "1.2.4"}),
    ],
)
def test_what_cannot_be_given_is_not_acceptable(
    plain: RunningArchive, still: dict[str, str], accept: str, more: dict[str, str]
) -> None:
    assert wado(plain, still, accept, **more).status_code == 406


@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
def test_an_instance_is_found_in_its_place_only(
    plain: RunningArchive, still: dict[str, str], moving: dict[str, str], name: str
) -> None:
    for other in (generate_uid(), moving[name]):
        for content_type in (DICOM, "image/jpeg"):
            assert wado(plain, still | {name: str(other)}, contentType=content_type).status_code == 404


def test_what_the_caller_has_is_not_sent_again(plain: RunningArchive, still: dict[str, str]) -> None:
    for more in ({"contentType": DICOM}, {}):
        tag = wado(plain, still, **more).headers["etag"]
        again = plain.client.get(f"{plain.base}/wado", params=still | more, headers={"If-None-Match": tag})
        assert again.status_code == 304


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    """An archive in which grants decide."""
    archive = RunningArchive(tmp_path_factory.mktemp("grants"), "grants").start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


@pytest.mark.parametrize(
    "more", [{}, {"contentType": DICOM}, {"contentType": "image/tiff"}, {"frameNumber": "9"}]
)
def test_who_may_not_retrieve_learns_nothing(hospital: Hospital, ct: bytes, more: dict[str, str]) -> None:
    archive, uids = hospital.archive, uids_of(ct)
    assert wado(archive, uids, **more).status_code == 401
    assert wado(archive, uids, token=hospital.viewer, **more).status_code == 403
    hidden = wado(archive, uids, token=hospital.stranger, **more)
    unknown = wado(archive, uids | {"objectUID": "2.25.9"}, token=hospital.stranger, **more)
    assert hidden.status_code == 404
    assert (hidden.status_code, hidden.content) == (unknown.status_code, unknown.content)
    if more.get("contentType", DICOM) == DICOM and "frameNumber" not in more:
        for token in (hospital.owner, hospital.reader):
            answer = wado(archive, uids, token=token, **more)
            assert answer.status_code == 200
            assert more or Image.open(BytesIO(answer.content)).size == (128, 128)
