"""Rendered resources over HTTP: what is pictured, in which type, for whom (PS3.18 10.4.1.1.3)."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from numpy.typing import NDArray
from PIL import Image, ImageSequence
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, split_parts

PARTS = 'multipart/related; type="{}"'
TYPES = ("image/jpeg", "image/png", "image/gif", "image/jp2")
FRAME_MILLISECONDS = 30  # of the moving image, in the hundredths of a second of GIF
PILLOW_NAMES = dict(zip(TYPES, ("JPEG", "PNG", "GIF", "JPEG2000"), strict=True))


def path_of(content: bytes) -> str:
    """Return the path of an instance."""
    dataset = dcmread(BytesIO(content), stop_before_pixels=True)
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


def file_content(name: str) -> bytes:
    """Return the bytes of a test file of pydicom."""
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()


def changed(content: bytes, **values: object) -> bytes:
    """Return a file as a new instance of a new study, with other values of these attributes."""
    dataset = dcmread(BytesIO(content))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def opened(response: httpx.Response) -> Image.Image:
    """Return the picture of a response, which has the type that it says."""
    assert response.status_code == 200, response.text
    image = Image.open(BytesIO(response.content))
    assert image.format == PILLOW_NAMES[response.headers["content-type"]]
    return image


def samples(response: httpx.Response) -> NDArray[np.uint8]:
    """Return the samples of the picture of a response, those of greys once."""
    colors = np.asarray(opened(response).convert("RGB"))
    return colors[..., 0] if (colors == colors[..., :1]).all() else colors


@pytest.fixture(scope="module")
def moving(plain: RunningArchive) -> str:
    """The path of a stored image of thirty colour frames."""
    content = file_content("examples_ybr_color.dcm")
    assert plain.store(content).status_code == 200
    return path_of(content)


@pytest.fixture(scope="module")
def still(plain: RunningArchive, ct: bytes) -> str:
    """The path of a stored CT image of 128 x 128."""
    assert plain.store(ct).status_code == 200
    return path_of(ct)


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("quality", ["", "?quality=100", "?quality=1"])
def test_every_type_shows_the_image(
    plain: RunningArchive, still: str, ct: bytes, media_type: str, quality: str
) -> None:
    shown = samples(plain.get(f"{still}/rendered{quality}", media_type))
    stored = dcmread(BytesIO(ct)).pixel_array.astype(float)
    expected = (stored - stored.min()) / (stored.max() - stored.min()) * 255
    lossless = media_type in ("image/png", "image/gif") or (media_type == "image/jp2" and "100" in quality)
    if lossless:
        assert np.abs(shown - expected).max() <= 0.5
    else:
        assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.8


def test_lower_quality_is_smaller(plain: RunningArchive, still: str) -> None:
    for media_type in ("image/jpeg", "image/jp2"):
        sizes = [
            len(plain.get(f"{still}/rendered?quality={q}", media_type).content) for q in (1, 50, 90, 100)
        ]
        assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
        ("image/gif;q=0.5, image/png", "image/png"),
        ("image/jpeg;q=0, image/*", "image/png"),
        ("image/x-unknown, image/gif", "image/gif"),
        ("image/jpeg;transfer-syntax=1.2.840.10008.1.2.4.50", "image/jpeg"),
    ],
)
def test_the_best_acceptable_type_is_chosen(
    plain: RunningArchive, still: str, accept: str, media_type: str
) -> None:
    for path in (still, f"{still}/frames/1"):
        assert plain.get(f"{path}/rendered", accept).headers["content-type"] == media_type


@pytest.mark.parametrize("accept", ["image/tiff", "application/dicom", "image/jpeg;q=0", "text/html"])
def test_what_is_not_offered_is_refused(plain: RunningArchive, still: str, accept: str) -> None:
    study = still.partition("/series/")[0]
    for path in (still, f"{still}/frames/1", study):
        assert plain.get(f"{path}/rendered", accept).status_code == 406


def test_a_moving_image_is_animated_and_stands_still_by_name(plain: RunningArchive, moving: str) -> None:
    movie = opened(plain.get(f"{moving}/rendered"))
    # Pillow keeps one of two equal frames, and shows it for the time of both.
    durations = [frame.info["duration"] for frame in ImageSequence.Iterator(movie)]
    assert (movie.format, sum(durations)) == ("GIF", 30 * FRAME_MILLISECONDS)
    assert len(durations) > 20
    assert opened(plain.get(f"{moving}/rendered", "image/png")).format == "PNG"
    frame = samples(plain.get(f"{moving}/frames/30/rendered", "image/png"))
    assert (frame != samples(plain.get(f"{moving}/frames/1/rendered", "image/png"))).any()


def test_several_frames_are_parts_in_their_order(plain: RunningArchive, moving: str) -> None:
    response = plain.get(f"{moving}/frames/3,1/rendered", PARTS.format("image/png"))
    assert response.headers["content-type"].startswith(PARTS.format("image/png"))
    shown = [np.asarray(Image.open(BytesIO(part))) for part in split_parts(response)]
    for number, picture in zip((3, 1), shown, strict=True):
        alone = samples(plain.get(f"{moving}/frames/{number}/rendered", "image/png"))
        assert (alone == picture).all()
        location = f"Content-Location: {plain.base}{moving}/frames/{number}/rendered\r\n"
        assert location.encode() in response.content
    assert plain.get(f"{moving}/frames/3,1/rendered", "image/png").status_code == 406


def test_a_study_is_a_part_for_each_frame_that_shows_something(plain: RunningArchive) -> None:
    study = generate_uid()
    for name in ("CT_small.dcm", "SC_rgb_rle_2frame.dcm", "reportsi.dcm"):
        assert plain.store(changed(file_content(name), StudyInstanceUID=study)).status_code == 200
    for media_type, count in (("image/jpeg", 3), ("image/gif", 2)):
        pictures = [
            Image.open(BytesIO(part))
            for part in split_parts(plain.get(f"/studies/{study}/rendered", PARTS.format(media_type)))
        ]
        assert [picture.format for picture in pictures] == [PILLOW_NAMES[media_type]] * count
    assert plain.get(f"/studies/{study}/rendered", "image/jpeg").status_code == 406
    assert plain.get(f"/studies/{study}/rendered").headers["content-type"].startswith("multipart/related")


def test_what_shows_nothing_is_not_acceptable(plain: RunningArchive) -> None:
    content = file_content("waveform_ecg.dcm")
    assert plain.store(content).status_code == 200
    path = path_of(content)
    for resource in (
        path,
        f"{path}/frames/1",
        *(path.partition(f"/{each}/")[0] for each in ("instances", "series")),
    ):
        assert plain.get(f"{resource}/rendered").status_code == 406


@pytest.mark.parametrize(("frames", "status"), [("0", 400), ("x", 400), ("2", 404), ("1,2", 404)])
def test_frames_that_are_not_there(plain: RunningArchive, still: str, frames: str, status: int) -> None:
    assert plain.get(f"{still}/frames/{frames}/rendered").status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "viewport=",
        "viewport=100",
        "viewport=100,100,0",
        "viewport=0,100",
        "viewport=100,1e9",
        "viewport=100,100,128,0,,",
        "viewport=100,100,0,0,0,10",
        "viewport=1,1&viewport=1,1",
        "window=40,400",
        "window=nan,400,linear",
        "window=40,0.5,linear",
        "window=40,-1,sigmoid",
        "window=40,400,LINEAR",
        "quality=0",
        "quality=1.5",
        "annotation=",
        "annotation=patient,,technique",
        "iccprofile=",
        "iccprofile=cmyk",
    ],
)
def test_a_malformed_parameter_is_the_clients_error(plain: RunningArchive, still: str, query: str) -> None:
    assert plain.get(f"{still}/rendered?{query}").status_code == 400


def test_a_profile_is_embedded_where_the_type_can(plain: RunningArchive, still: str) -> None:
    for media_type in ("image/jpeg", "image/png"):
        assert "icc_profile" not in opened(plain.get(f"{still}/rendered", media_type)).info
        for profile in ("yes", "srgb"):
            image = opened(plain.get(f"{still}/rendered?iccprofile={profile}", media_type))
            assert len(image.info["icc_profile"]) > 128
    for media_type in ("image/gif", "image/jp2"):
        assert plain.get(f"{still}/rendered?iccprofile=yes", media_type).status_code == 400


def test_annotations_change_their_corner_and_others_are_warned_of(plain: RunningArchive, still: str) -> None:
    bare = samples(plain.get(f"{still}/rendered", "image/png"))
    for keyword, unchanged in (("patient", slice(100, 128)), ("technique", slice(0, 20))):
        marked = samples(plain.get(f"{still}/rendered?annotation={keyword}", "image/png"))
        assert (marked != bare).any()
        assert (marked[unchanged] == bare[unchanged]).all()
    unknown = plain.get(f"{still}/rendered?annotation=mood", "image/png")
    assert unknown.headers["warning"].startswith("299 ")
    assert (samples(unknown) == bare).all()


def test_the_usual_client_gets_pictures(plain: RunningArchive, moving: str) -> None:
    client = DICOMwebClient(plain.base)
    _, _, study, _, series, _, instance = moving.split("/")
    for media_type in ("image/jpeg", "image/png", "image/gif"):
        shown = client.retrieve_instance_rendered(study, series, instance, media_types=(media_type,))
        assert Image.open(BytesIO(shown)).format == PILLOW_NAMES[media_type]
    frame = client.retrieve_instance_frames_rendered(study, series, instance, [2], media_types=("image/png",))
    assert (
        np.asarray(Image.open(BytesIO(frame)))
        == samples(plain.get(f"{moving}/frames/2/rendered", "image/png"))
    ).all()


def test_head_has_no_body(plain: RunningArchive, moving: str) -> None:
    for path in (moving, moving.partition("/series/")[0]):
        answer = plain.client.head(f"{plain.base}{path}/rendered")
        assert (answer.status_code, answer.content) == (200, b"")


def test_what_the_caller_has_is_not_rendered_again(plain: RunningArchive, still: str) -> None:
    study = still.partition("/series/")[0]
    for resource in (f"{still}/rendered", f"{study}/rendered", f"{study}/thumbnail"):
        url = f"{plain.base}{resource}"
        tag = plain.client.get(url).headers["etag"]
        assert plain.client.get(url, headers={"If-None-Match": tag}).status_code == 304
        other = plain.client.get(f"{url}?viewport=9,9", headers={"If-None-Match": tag})
        assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "size"), [("", (128, 128)), ("?viewport=40,20", (20, 20)), ("?viewport=300,400", (300, 300))]
)
def test_a_thumbnail_is_one_small_picture(
    plain: RunningArchive, still: str, query: str, size: tuple[int, int]
) -> None:
    series, study = (still.partition(f"/{each}/")[0] for each in ("instances", "series"))
    for path in (study, series, still, f"{still}/frames/1"):
        image = opened(plain.get(f"{path}/thumbnail{query}"))
        assert (image.format, image.size) == ("JPEG", size)
        assert opened(plain.get(f"{path}/thumbnail{query}", "image/png")).size == size


@pytest.mark.parametrize("accept", ["image/tiff", 'multipart/related; type="image/jpeg"'])
def test_a_thumbnail_is_a_single_image(plain: RunningArchive, still: str, accept: str) -> None:
    assert plain.get(f"{still}/thumbnail", accept).status_code == 406


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("thumbnail?viewport=64,64,0,0,9,9", 400),
        ("thumbnail?viewport=64", 400),
        ("frames/1,1/thumbnail", 400),
        ("frames/2/thumbnail", 404),
    ],
)
def test_a_thumbnail_that_is_not_to_be_had(
    plain: RunningArchive, still: str, resource: str, status: int
) -> None:
    assert plain.get(f"{still}/{resource}").status_code == status


@pytest.mark.parametrize("named", ["reportsi.dcm", "waveform_ecg.dcm", "burned-in"])
def test_what_shows_nothing_or_too_much_has_no_thumbnail(
    plain: RunningArchive, ct: bytes, named: str
) -> None:
    content = changed(ct, BurnedInAnnotation="YES") if named == "burned-in" else file_content(named)
    assert plain.store(content).status_code == 200
    path = path_of(content)
    series, study = (path.partition(f"/{each}/")[0] for each in ("instances", "series"))
    for resource in (path, f"{path}/frames/1", series, study):
        assert plain.get(f"{resource}/thumbnail").status_code == 404


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    """An archive in which grants decide."""
    archive = RunningArchive(tmp_path_factory.mktemp("grants"), "grants").start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


RESOURCES = (
    "{0.study}/rendered",
    "{0.series}/rendered",
    "{0.instance}/rendered",
    "{0.instance}/frames/1/rendered",
    "{0.study}/thumbnail",
    "{0.series}/thumbnail",
    "{0.instance}/thumbnail",
    "{0.instance}/frames/1/thumbnail",
)


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_may_not_be_retrieved_is_not_rendered(hospital: Hospital, resource: str) -> None:
    path = resource.format(hospital)
    get = hospital.archive.get
    assert get(path).status_code == 401
    assert get(path, token=hospital.owner).status_code == 200
    assert get(path, token=hospital.reader).status_code == 200
    assert get(path, token=hospital.viewer).status_code == 403
    hidden = get(path, token=hospital.stranger)
    unknown = get(path.replace("/studies/", "/studies/9."), token=hospital.stranger)
    assert (hidden.status_code, hidden.content) == (unknown.status_code, unknown.content)
    assert hidden.status_code == 404
    for accept in ("image/tiff", "application/dicom"):
        assert get(path, accept, token=hospital.stranger).status_code == 404
