"""wsidicom, dicomslide and large_image (PyPI) open a slide over DICOMweb and read it tile by tile."""

import large_image_source_dicom
import numpy as np
import pytest
from dicomslide import find_slides
from dicomweb_client.api import DICOMwebClient
from numpy.typing import NDArray
from pydicom import Dataset
from wsidicom import WsiDicom, WsiDicomWebClient

from tests.thirdparty.conftest import Served
from tests.thirdparty.slide import SIDE, TILE, slide, tile_color

LOSS = 6  # of JPEG, in one colour
pytestmark = pytest.mark.filterwarnings("ignore")  # about what these packages call of each other


@pytest.fixture(scope="module")
def image(served: Served) -> Dataset:
    """A slide that is stored."""
    dataset = slide()
    served.store(dataset)
    return dataset


def assert_tile(shown: NDArray[np.generic], number: int) -> None:
    """Hold a tile, or a piece of one, against its colour."""
    assert np.abs(shown[..., :3].astype(int) - tile_color(number)).max() < LOSS


def test_wsidicom_reads_tiles_and_regions(served: Served, image: Dataset) -> None:
    client = WsiDicomWebClient.create_client(served.url, auth=served.session())
    with WsiDicom.open_web(client, image.StudyInstanceUID, [image.SeriesInstanceUID]) as opened:
        assert (opened.size.width, opened.size.height) == (TILE * SIDE, TILE * SIDE)
        for number in (0, 5, 15):
            row, column = divmod(number, SIDE)
            assert_tile(np.asarray(opened.read_tile(0, (column, row))), number)
        region = np.asarray(opened.read_region((TILE - 8, TILE - 8), 0, (16, 16)))
        assert_tile(region[:4, :4], 0)
        assert_tile(region[-4:, -4:], SIDE + 1)
        assert max(opened.read_thumbnail((200, 200)).size) <= 200


def test_dicomslide_reads_a_region_across_tiles(served: Served, image: Dataset) -> None:
    client = DICOMwebClient(served.url, session=served.session())
    [found] = find_slides(client, study_instance_uid=image.StudyInstanceUID)
    [tiled] = found.get_volume_images()
    assert tiled.metadata.SOPInstanceUID == image.SOPInstanceUID
    region = tiled.get_image_region(offset=(TILE - 8, TILE - 8), size=(16, 16))
    assert_tile(region[:4, :4], 0)
    assert_tile(region[-4:, -4:], SIDE + 1)


def test_large_image_reads_tiles(served: Served, image: Dataset) -> None:
    if served.token:
        pytest.skip("its tile source takes no token")
    source = large_image_source_dicom.open(
        {
            "url": served.url,
            "study_uid": str(image.StudyInstanceUID),
            "series_uid": str(image.SeriesInstanceUID),
        }
    )
    assert source.getMetadata()["sizeX"] == TILE * SIDE
    assert_tile(source.getTile(1, 1, source.levels - 1, numpyAllowed="always"), SIDE + 1)
