"""Codecs are kept from doing harm: what they raise is caught, and what they would inflate is refused."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, UID, JPEGBaseline8Bit, RLELossless, generate_uid

from reference_server.dicomweb.accept_rendered import IMAGE_TYPES
from reference_server.dicomweb.decoding import codecs_at_work, decode_frame
from reference_server.dicomweb.encoding import still
from reference_server.dicomweb.readable_documents import source_of
from reference_server.dicomweb.rendering import ImageSource
from reference_server.dicomweb.transfer import to_explicit_little_endian
from reference_server.dicomweb.viewport import Profile, Rendering, Viewport
from reference_server.errors import NotAcceptable, NotFound
from tests.server.running import RunningArchive
from tests.server.test_rendered import file_content, path_of

SIDE = 16
HUGE = 60_000


def compressed(syntax: UID, stream: bytes) -> Dataset:
    """Return an image of 16 x 16 whose pixel data are that stream."""
    path = get_testdata_file("MR_small.dcm")
    assert isinstance(path, str)
    dataset = dcmread(Path(path))
    dataset.Rows = dataset.Columns = SIDE
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.StudyInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    return dataset


def file_of(dataset: Dataset) -> bytes:
    """Return the dataset as a file."""
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def picture(encoding: str) -> bytes:
    """Return a black picture of 16 x 16."""
    buffer = BytesIO()
    Image.new("L", (SIDE, SIDE)).save(buffer, encoding, **({"no_jp2": True} if "2000" in encoding else {}))
    return buffer.getvalue()


def inflated(stream: bytes) -> bytes:
    """Return a codestream that says that its image has 60,000 rows and columns."""
    if stream.startswith(b"\xff\xd8"):
        at = stream.index(b"\xff\xc0") + 5
        return stream[:at] + struct.pack(">HH", HUGE, HUGE) + stream[at + 4 :]
    return stream[:8] + struct.pack(">II", HUGE, HUGE) + stream[16:]


CODED = [(JPEGBaseline8Bit, picture("JPEG")), (JPEG2000, picture("JPEG2000"))]


@pytest.mark.parametrize(("syntax", "stream"), CODED)
def test_a_frame_larger_than_its_dataset_says_is_not_decoded(syntax: UID, stream: bytes) -> None:
    frame, _ = decode_frame(compressed(syntax, stream), 1, raw=True)
    assert frame.shape == (SIDE, SIDE)
    bomb = compressed(syntax, inflated(stream))
    with pytest.raises(NotAcceptable, match="larger"):
        decode_frame(bomb, 1, raw=True)
    with pytest.raises(NotAcceptable, match="larger"):
        to_explicit_little_endian(file_of(bomb))


@pytest.mark.parametrize(("syntax", "stream"), CODED)
def test_a_bomb_is_stored_and_refused_as_anything_but_itself(
    plain: RunningArchive, syntax: UID, stream: bytes
) -> None:
    content = file_of(compressed(syntax, inflated(stream)))
    assert plain.store(content).status_code == 200
    path = path_of(content)
    for resource, accept in (
        ("/rendered", "*/*"),
        ("/frames/1", "application/octet-stream"),
        ("", 'application/dicom; transfer-syntax="1.2.840.10008.1.2.1"'),
    ):
        assert plain.get(f"{path}{resource}", accept).status_code == 406
    as_stored = plain.get(path, "application/dicom; transfer-syntax=*")
    assert as_stored.content == content


def test_an_enormous_image_is_not_rendered() -> None:
    dataset = compressed(RLELossless, b"\0" * 64)
    dataset.Rows = dataset.Columns = HUGE
    with pytest.raises(NotAcceptable, match="pixels"):
        ImageSource.of(file_of(dataset))


def test_a_panic_of_a_codec_is_caught() -> None:
    """A run-length decoder in Rust panics where the runs of the second of two segments are too long."""
    runs = b"\x81\x01" * 3  # of 128 octets each, in a frame of 256
    dataset = compressed(RLELossless, struct.pack("<16L", 2, 64, 70, *[0] * 13) + runs * 2)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    with pytest.raises(BaseException, match="out of bounds") as panic:
        decode_frame(dataset, 1, raw=True)
    assert not isinstance(panic.value, Exception)
    source = ImageSource.of(file_of(dataset))
    with pytest.raises(NotAcceptable):
        still(source, 1, Rendering(), "image/png")


def test_other_errors_pass() -> None:
    with pytest.raises(KeyboardInterrupt), codecs_at_work("broken"):
        raise KeyboardInterrupt
    with pytest.raises(NotFound), codecs_at_work("broken"):
        raise NotFound("no frame")
    with pytest.raises(NotAcceptable, match="broken"), codecs_at_work("broken"):
        raise MemoryError


NAMES = ("CT_small.dcm", "MR_small_RLE.dcm", "examples_palette.dcm", "SC_rgb_small_odd_jpeg.dcm")
EDITS = st.lists(st.tuples(st.integers(132, 4000), st.integers(0, 255)), min_size=1, max_size=20)


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=60)
@given(st.sampled_from(NAMES), EDITS, st.sampled_from(IMAGE_TYPES))
def test_a_damaged_file_is_a_picture_or_not_acceptable(
    name: str, edits: list[tuple[int, int]], media_type: str
) -> None:
    content = bytearray(file_content(name))
    for at, octet in edits:
        content[min(at, len(content) - 1)] = octet
    try:
        source = source_of(bytes(content))
        if isinstance(source, ImageSource):
            number = source.representative_frame
            made = still(source, number, Rendering(Viewport(32, 32), profile=Profile.SRGB), media_type)
            assert max(Image.open(BytesIO(made.content)).size) <= 32
    except NotAcceptable:
        return


def test_many_frames_are_not_animated() -> None:
    """Neither many pixels nor many tiny frames keep a worker busy for minutes."""
    dataset = compressed(RLELossless, b"\0" * 64)
    for side, frames, moves in ((SIDE, 1, False), (SIDE, 4096, True), (1, 4097, False), (512, 129, False)):
        dataset.Rows = dataset.Columns = side
        dataset.NumberOfFrames = frames
        assert ImageSource.of(file_of(dataset)).can_move is moves


def test_a_frame_of_single_bits_may_begin_within_a_byte() -> None:
    path = get_testdata_file("liver_1frame.dcm")
    assert isinstance(path, str)
    dataset = dcmread(Path(path))
    bits = np.random.default_rng(1).integers(0, 2, (3, 5, 7), dtype=np.uint8)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = bits.shape
    content = np.packbits(bits.ravel(), bitorder="little").tobytes()
    dataset.PixelData = content + bytes(len(content) % 2)
    for number in (1, 2, 3):
        frame, _ = decode_frame(dataset, number, raw=True)
        assert np.array_equal(frame, bits[number - 1])
    assert still(ImageSource.of(file_of(dataset)), 2, Rendering(), "image/png").content


@pytest.mark.parametrize(("side", "frames"), [(HUGE, 1), (SIDE, 10**8)])
def test_what_has_no_room_is_not_decoded(side: int, frames: int) -> None:
    """An honest picture of one colour, or one frame that says it is many, stays as it is stored."""
    dataset = compressed(RLELossless, bytes(64))
    dataset.Rows = dataset.Columns = side
    dataset.NumberOfFrames = frames
    with pytest.raises(NotAcceptable, match="the most"):
        to_explicit_little_endian(file_of(dataset))
    if frames == 1:
        with pytest.raises(NotAcceptable, match="the most"):
            decode_frame(dataset, 1, raw=True)
