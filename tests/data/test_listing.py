"""A listing names an archive of any size, and its readers see exactly the share that it says."""

import json
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread

from datasets.listing.__main__ import Size, main, write_listing
from datasets.listing.crowd import DECK
from datasets.listing.head import SHARES, STUDIES, TEMPLATE, Head
from datasets.manifest import ManifestError

SIZE = Size(studies=200, instances=3, users=27, grants=12)


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listing")
    write_listing(folder, SIZE, seed=7)
    return folder


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_same_arguments_give_the_same_bytes(listing: Path, tmp_path: Path) -> None:
    write_listing(tmp_path, SIZE, seed=7)
    names = sorted(path.name for path in listing.iterdir())
    assert [(tmp_path / name).read_bytes() for name in names] == [
        (listing / name).read_bytes() for name in names
    ]
    write_listing(tmp_path, SIZE, seed=8)
    assert (tmp_path / STUDIES).read_bytes() != (listing / STUDIES).read_bytes()


def test_each_deck_holds_the_exact_shares_of_the_facilities(listing: Path) -> None:
    repositories = [study["repository"] for study in lines(listing / STUDIES)]
    assert Counter(repositories[:100]) == Counter(repositories[100:]) == DECK


def test_every_user_and_reader_has_as_many_grants_as_asked(listing: Path) -> None:
    grants = Counter(share["user"] for share in lines(listing / SHARES))
    head = Head.read(listing)
    assert dict(grants) == {user.name: SIZE.grants for user in head.users}
    assert head.shares == sum(grants.values())


def test_no_grant_widens_what_a_reader_sees(listing: Path) -> None:
    studies = {
        study["attributes"]["0020000D"]["Value"][0]: study["repository"]  # type: ignore[index]  # JSON
        for study in lines(listing / STUDIES)
    }
    users = {user.name: user for user in Head.read(listing).users}
    for reader in Head.read(listing).readers:
        own = [share for share in lines(listing / SHARES) if share["user"] == reader.user]
        whole = {share["repository"] for share in own if share["study"] is None}
        seen = {uid for uid, where in studies.items() if where in whole | set(users[reader.user].facilities)}
        seen |= {str(share["study"]) for share in own if share["study"]}
        assert len(seen) == reader.studies
        assert reader.selectivity == reader.studies / SIZE.studies
        assert {target.study_uid for target in reader.targets} <= seen


def test_the_template_is_a_whole_file(listing: Path) -> None:
    dataset = dcmread(listing / TEMPLATE)
    assert dataset.pixel_array.shape == (512, 512)


def test_a_listing_is_not_overwritten(listing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--studies", "200", "--out", str(listing)]) == 2
    assert "choose a new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [("--studies", "99"), ("--studies", "100", "--users", "26"), ("--studies", "100", "--grants", "8")],
)
def test_what_is_too_small_for_the_facilities_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert main([*arguments, "--out", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "dicomweb-phantom/listing/0"}'])
def test_a_damaged_head_is_refused_with_its_path(tmp_path: Path, content: str) -> None:
    (tmp_path / "listing.json").write_text(content, encoding="utf-8")
    with pytest.raises(ManifestError, match=r"listing\.json cannot be used"):
        Head.read(tmp_path)
