"""What is loaded from a listing is an archive like any other: everyone sees what the listing says."""

import json
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from datasets.listing.__main__ import Size, write_listing
from datasets.listing.head import Head
from tests.server.running import AS_STORED, RunningArchive, bearer, run, split_parts

SIZE = Size(studies=200, instances=3, users=27, grants=12)
DESIGNS = ("off", "grants", "materialised")


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listing")
    write_listing(folder, SIZE, seed=7)
    return folder


def load(listing: Path, data: Path, design: str) -> dict[str, str]:
    tokens = data.with_suffix(".json")
    done = run(
        "load",
        "--data",
        str(data),
        "--listing",
        str(listing),
        "--accounting",
        design,
        "--tokens",
        str(tokens),
    )
    assert done.returncode == 0, done.stderr
    assert tokens.stat().st_mode & 0o077 == 0
    found: dict[str, str] = json.loads(tokens.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module", params=DESIGNS)
def loaded(
    request: pytest.FixtureRequest, listing: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningArchive, dict[str, str]]]:
    """An archive that was loaded, and the headers' tokens by user; with accounting off there are none."""
    data = tmp_path_factory.mktemp("loaded") / "data"
    tokens = load(listing, data, request.param)
    archive = RunningArchive(data, request.param).start()
    yield archive, tokens
    archive.end()
    archive.client.close()


def get(archive: RunningArchive, path: str, token: str | None) -> Any:
    answer = archive.client.get(f"{archive.origin}/dicom-web{path}", headers=bearer(token) if token else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_reader_sees_the_studies_of_the_listing_and_all_their_instances(
    listing: Path, loaded: tuple[RunningArchive, dict[str, str]]
) -> None:
    archive, tokens = loaded
    for reader in Head.read(listing).readers:
        found = get(archive, "/studies?includefield=00201208", tokens.get(reader.user))
        assert len(found) == (reader.studies if tokens else SIZE.studies)
        assert {each["00201208"]["Value"][0] for each in found} == {SIZE.instances}
        assert {target.study_uid for target in reader.targets} <= {
            each["0020000D"]["Value"][0] for each in found
        }


def test_what_is_listed_is_searched_and_described(
    listing: Path, loaded: tuple[RunningArchive, dict[str, str]]
) -> None:
    archive, tokens = loaded
    first = json.loads((listing / "studies.jsonl").read_text(encoding="utf-8").splitlines()[0])
    uid = first["attributes"]["0020000D"]["Value"][0]
    patient = first["attributes"]["00100020"]["Value"][0]
    token = tokens.get("reader-of-all")
    found = get(archive, f"/studies?PatientID={patient}&StudyInstanceUID={uid}&ModalitiesInStudy=CT", token)
    assert {tag: found[0][tag] for tag in first["attributes"] if tag in found[0]}.items() <= first[
        "attributes"
    ].items()
    series = first["series"][0]
    instances = get(archive, f"/studies/{uid}/metadata", token)
    assert [each["00080018"]["Value"][0] for each in instances] == series["instances"]
    assert [each["00200013"]["Value"][0] for each in instances] == [1, 2, 3]
    for each in instances:
        assert each.items() >= (first["attributes"] | series["attributes"]).items()


def test_the_bytes_are_those_of_the_template(
    listing: Path, loaded: tuple[RunningArchive, dict[str, str]]
) -> None:
    archive, tokens = loaded
    reader = Head.read(listing).readers[-1]
    target = reader.targets[-1]
    path = f"/studies/{target.study_uid}/series/{target.series_uid}/instances/{target.sop_instance_uid}"
    headers = {"Accept": AS_STORED} | (bearer(tokens[reader.user]) if tokens else {})
    answer = archive.client.get(f"{archive.origin}/dicom-web{path}", headers=headers)
    (part,) = split_parts(answer)
    assert part == (listing / "template.dcm").read_bytes()
    assert dcmread(BytesIO(part)).Modality == "CT"


def test_a_folder_that_holds_an_archive_is_not_loaded_into(listing: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    load(listing, data, "off")
    again = run("load", "--data", str(data), "--listing", str(listing))
    assert again.returncode == 2
    assert "holds an archive already" in again.stderr


def test_a_load_that_breaks_off_leaves_no_archive_and_may_be_repeated(listing: Path, tmp_path: Path) -> None:
    cut, data = tmp_path / "cut", tmp_path / "data"
    shutil.copytree(listing, cut)
    studies = (cut / "studies.jsonl").read_bytes().splitlines(keepends=True)
    (cut / "studies.jsonl").write_bytes(b"".join(studies[:-1]))
    broken = run("load", "--data", str(data), "--listing", str(cut))
    assert broken.returncode == 2
    assert "has 199 lines, listing.json says 200" in broken.stderr
    assert not (data / "index.sqlite").exists()
    load(listing, data, "off")
    archive = RunningArchive(data).start()
    try:
        assert len(get(archive, "/studies", None)) == SIZE.studies
        assert len(list((data / "blobs").glob("*/*"))) == 1
        assert list((data / "incoming").iterdir()) == []
    finally:
        archive.end()
        archive.client.close()
