"""dicomtrolley (PyPI): studies are found by QIDO-RS, and fetched by WADO-RS and WADO-URI."""

from datetime import UTC, datetime

import pytest
from dicomtrolley.core import Downloader, QueryLevels
from dicomtrolley.qido_rs import HierarchicalQuery, QidoRS, RelationalQuery
from dicomtrolley.trolley import Trolley
from dicomtrolley.wado_rs import WadoRS, WadoRSMetaData
from dicomtrolley.wado_uri import WadoURI
from pydicom import Dataset

from tests.thirdparty.conftest import Served


def trolley(served: Served, downloader: type[Downloader] = WadoRS, path: str = "") -> Trolley:
    """Return a trolley of the archive that downloads in one of its ways."""
    session = served.session()
    return Trolley(
        searcher=QidoRS(session=session, url=served.url),
        downloader=downloader(session=session, url=served.url + path),
    )


def instances_of(found: list[Dataset]) -> set[str]:
    return {str(each.SOPInstanceUID) for each in found}


def test_a_study_is_found_with_its_series_and_instances(served: Served, study: list[Dataset]) -> None:
    query = HierarchicalQuery(
        PatientID="THIRD-1",
        min_study_date=datetime(2026, 1, 1, tzinfo=UTC),
        max_study_date=datetime(2026, 1, 31, tzinfo=UTC),
        StudyInstanceUID=study[0].StudyInstanceUID,
        query_level=QueryLevels.INSTANCE,
        SeriesInstanceUID=study[0].SeriesInstanceUID,
    )
    [found] = trolley(served).find_studies(query)
    assert found.uid == study[0].StudyInstanceUID
    [series] = found.series
    assert {each.uid for each in series.instances} == instances_of(study[:2])


def test_series_are_found_beyond_a_study(served: Served, study: list[Dataset]) -> None:
    query = RelationalQuery(
        StudyInstanceUID=study[0].StudyInstanceUID,
        query_level=QueryLevels.SERIES,
        include_fields=["Modality"],
    )
    found = trolley(served).find_studies(query)
    assert {series.uid for each in found for series in each.series} == {
        each.SeriesInstanceUID for each in study
    }


@pytest.mark.parametrize(("downloader", "path"), [(WadoRS, ""), (WadoURI, "/wado")])
def test_a_study_is_downloaded(
    served: Served, study: list[Dataset], downloader: type[Downloader], path: str
) -> None:
    query = HierarchicalQuery(
        StudyInstanceUID=study[0].StudyInstanceUID,
        SeriesInstanceUID=study[0].SeriesInstanceUID,
        query_level=QueryLevels.INSTANCE,
    )
    through = trolley(served, downloader, path)
    found = list(through.fetch_all_datasets(through.find_studies(query)))
    assert instances_of(found) == instances_of(study[:2])
    assert {each.PixelData for each in found} == {each.PixelData for each in study[:2]}


def test_metadata_are_downloaded(served: Served, study: list[Dataset]) -> None:
    through = trolley(served, WadoRSMetaData)
    found = list(through.fetch_all_datasets(through.find_studies(HierarchicalQuery(PatientID="THIRD-1"))))
    assert instances_of(found) >= instances_of(study)
