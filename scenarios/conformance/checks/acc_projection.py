"""Projection: searches and retrievals answer from what the caller may see, counts and filters included.

Most checks share one study of three series (CT, MR, SR) as far as its first series or instance.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from scenarios.conformance.accounting import Facilities, facilities
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.acc_existence import GUARDED
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.media_type import DICOM
from scenarios.conformance.media_type import multipart as multipart_of


@dataclass(frozen=True, slots=True)
class Partly:
    """A study of which a guest sees a part: `shown` are two images of series CT, `hidden` one MR image."""

    people: Facilities
    shown: tuple[Instance, Instance]
    hidden: Instance

    @property
    def guest(self) -> Archive:
        """The archive as the guest sees it."""
        return self.people.guest


def partly_shared(archive: Archive, level: str = "series", operations: str = "R") -> Partly:
    """Store the study as the owner, see that all is there, and share the series or the first instance."""
    people = facilities(archive)
    first, second = (
        archive.image(f"ct-{n}", series="ct", number=n, SeriesDescription="shown") for n in (1, 2)
    )
    hidden = archive.image(
        "mr", series="mr", number=3, Modality="MR", SeriesNumber=2, SeriesDescription="hidden"
    )
    people.owner.stored(first, second, hidden)
    all_uids = people.owner.search(f"{first.study_path}/instances").uids
    expect_equal(sorted(all_uids), sorted(each.uid for each in (first, second, hidden)), "the owner's search")
    people.share(first, level, operations=operations)
    return Partly(people, (first, second), hidden)


def several_studies(archive: Archive, count: int) -> tuple[Facilities, Sequence[Instance]]:
    """Store studies of one patient as the owner, and share every second of them whole."""
    people = facilities(archive)
    images = [archive.image(f"{n:02}", study=f"{n:02}", StudyDate=f"202003{n + 1:02}") for n in range(count)]
    people.owner.stored(*images)
    for image in images[::2]:
        people.share(image)
    return people, images


def uids(images: Sequence[Instance]) -> list[str]:
    """Return the Study Instance UIDs, sorted."""
    return sorted(each.study_uid for each in images)


@check("ACC-007", writes=True, capability=GUARDED)
def a_search_returns_only_what_may_be_discovered(archive: Archive) -> None:
    """Of two studies, the owner's searches on all levels find both and the guest's the shared one."""
    people, (shared, kept) = several_studies(archive, 2)
    for level, attribute in (("studies", "study_uid"), ("series", "series_uid"), ("instances", "uid")):
        both = [getattr(each, attribute) for each in (shared, kept)]
        own = people.owner.search(f"/{level}", PatientID=shared.patient_id)
        expect_equal(sorted(own.uids), sorted(both), f"{level} for the owner")
        found = people.guest.search(f"/{level}", PatientID=shared.patient_id)
        expect_equal(found.uids, [getattr(shared, attribute)], f"{level} for the guest")


@check("ACC-008", writes=True, capability=GUARDED)
def related_counts_count_what_is_visible(archive: Archive) -> None:
    """Of two series and three instances the guest, who was given one series, counts one and two."""
    study = partly_shared(archive)
    fields = "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"
    for view, counts in ((study.people.owner, [2, 3]), (study.guest, [1, 2])):
        keys = [("StudyInstanceUID", study.hidden.study_uid), *(("includefield", name) for name in fields)]
        found = view.search("/studies", keys).only
        expect_equal([found.value(name) for name in fields], counts, "related series and instances")


@check("ACC-008", writes=True, capability=GUARDED)
def the_count_of_a_series_counts_what_is_visible(archive: Archive) -> None:
    """Of a series of two instances the guest, who was given one, counts one."""
    study = partly_shared(archive, "instance")
    for view, count in ((study.people.owner, 2), (study.guest, 1)):
        keys = {
            "SeriesInstanceUID": study.shown[0].series_uid,
            "includefield": "NumberOfSeriesRelatedInstances",
        }
        found = view.search("/series", keys).only
        expect_equal(found.value("NumberOfSeriesRelatedInstances"), count, "related instances")


@check("ACC-009", writes=True, capability=GUARDED)
def modalities_are_those_of_visible_series(archive: Archive) -> None:
    """Modalities in Study is CT and MR for the owner, and CT for a guest who was given the CT series."""
    study = partly_shared(archive)
    for view, modalities in ((study.people.owner, ["CT", "MR"]), (study.guest, ["CT"])):
        keys = {"StudyInstanceUID": study.hidden.study_uid, "includefield": "ModalitiesInStudy"}
        found = view.search("/studies", keys).only
        expect_equal(sorted(found.values("ModalitiesInStudy")), modalities, "Modalities in Study")


@check("ACC-010", writes=True, capability=GUARDED)
def pages_are_full_between_hidden_rows(archive: Archive) -> None:
    """Pages of two over seven studies, of which every second is visible, hold two and two studies."""
    people, images = several_studies(archive, 7)
    keys: dict[str, str | int] = {"PatientID": images[0].patient_id, "limit": 2}
    pages = [people.guest.search("/studies", {**keys, "offset": offset}).uids for offset in (0, 2, 4)]
    expect_equal([len(page) for page in pages], [2, 2, 0], "lengths of pages")
    expect_equal(sorted(pages[0] + pages[1]), uids(images[::2]), "studies on all pages")


@check("ACC-011", writes=True, capability=GUARDED)
def remaining_results_are_counted_among_visible_ones(archive: Archive) -> None:
    """A Warning about remaining results says one of two visible studies, whatever is hidden."""
    people, images = several_studies(archive, 4)
    found = people.guest.search("/studies", PatientID=images[0].patient_id, limit=1)
    expect(found.uids and found.uids[0] in uids(images[::2]), "one visible study", got=found.uids)
    warning = found.response.header("Warning")
    if warning is None:
        raise Unsupported("the archive announces no remaining results")
    remaining = re.findall(r"(\d+) additional", warning)
    expect(set(remaining) <= {"1"}, "1 additional result", got=warning)


@check("ACC-012", writes=True, capability=GUARDED)
def what_is_reached_several_ways_is_listed_once(archive: Archive) -> None:
    """A study that was shared with a user, its role and its facility is listed and counted once."""
    study = partly_shared(archive, "study")
    for kind, to in (("role", "reader"), ("facility", "away")):
        study.people.share(study.hidden, kind=kind, to=to)
        study.people.share(study.hidden, "series", kind=kind, to=to)
    keys = {"StudyInstanceUID": study.hidden.study_uid, "includefield": "NumberOfStudyRelatedInstances"}
    found = study.guest.search("/studies", keys).only
    expect_equal(found.value("NumberOfStudyRelatedInstances"), 3, "related instances")
    expect_equal(len(study.guest.search(f"{study.hidden.study_path}/series")), 2, "series")
    expect_equal(len(study.guest.search(f"{study.hidden.study_path}/instances")), 3, "instances")
    expect_equal(len(study.guest.retrieve(study.hidden.study_path)), 3, "retrieved instances")


@check("ACC-013", writes=True, capability=GUARDED)
def hidden_rows_do_not_change_the_order(archive: Archive) -> None:
    """The guest's result, status, headers and body, stays the same when the owner stores hidden studies."""
    people, images = several_studies(archive, 5)
    keys = {"PatientID": images[0].patient_id}
    before = people.guest.search("/studies", keys)
    expect_equal(sorted(before.uids), uids(images[::2]), "visible studies")
    people.owner.stored(
        *(archive.image(f"late-{n}", study=f"late-{n}", StudyDate="20200301") for n in (1, 2))
    )
    after = people.guest.search("/studies", keys)
    expect_equal(after.uids, before.uids, "order of the visible studies")
    expect_equal(after.response.body, before.response.body, "body of the answer")


@check("ACC-014", writes=True, capability=GUARDED)
def modalities_of_hidden_series_do_not_match(archive: Archive) -> None:
    """ModalitiesInStudy=MR finds a study with a hidden MR series for its owner and not for the guest."""
    study = partly_shared(archive)
    uid = study.hidden.study_uid
    for modality, view, expected in (
        ("MR", study.people.owner, [uid]),
        ("CT", study.guest, [uid]),
        ("MR", study.guest, []),
    ):
        found = view.search("/studies", StudyInstanceUID=uid, ModalitiesInStudy=modality)
        expect_equal(found.uids, expected, f"studies with {modality}")


@check("ACC-015", writes=True, capability=GUARDED)
def keys_of_hidden_series_select_nothing(archive: Archive) -> None:
    """Series and instance searches by values of a hidden series find it for its owner, not for the guest."""
    study = partly_shared(archive)
    shown, hidden = study.shown[0], study.hidden
    for level, keyword, visible, invisible in (
        ("series", "SeriesInstanceUID", shown.series_uid, hidden.series_uid),
        ("series", "Modality", "CT", "MR"),
        ("instances", "SOPInstanceUID", shown.uid, hidden.uid),
        ("instances", "InstanceNumber", 1, 3),
    ):
        path = f"{hidden.study_path}/{level}"
        expect_equal(len(study.guest.search(path, {keyword: visible})), 1, f"guest's matches of {visible}")
        expect_equal(len(study.people.owner.search(path, {keyword: invisible})), 1, "owner's matches")
        expect_equal(
            study.guest.search(path, {keyword: invisible}).uids, [], f"guest's matches of {invisible}"
        )


@check("ACC-015", writes=True, capability=GUARDED)
def keys_below_the_study_select_no_study(archive: Archive) -> None:
    """A study search by a key of lower levels, where the archive has that, sees no hidden series."""
    study = partly_shared(archive)
    hidden, owner = study.hidden, study.people.owner
    values = {
        "SeriesInstanceUID": hidden.series_uid,
        "SOPInstanceUID": hidden.uid,
        "SeriesDescription": "hidden",
    }
    tried = []
    for keyword, text in values.items():
        base = {"StudyInstanceUID": hidden.study_uid}
        found, nothing = (len(owner.search("/studies", {**base, keyword: each})) for each in (text, "2.25.1"))
        if found == 1 and nothing == 0:
            tried.append(keyword)
            expect_equal(study.guest.search("/studies", {**base, keyword: text}).uids, [], f"by {keyword}")
    if not tried:
        raise Unsupported("the archive has no keys of lower levels in a study search")


@check("ACC-016", writes=True, capability=GUARDED)
def includefield_all_returns_nothing_hidden(archive: Archive) -> None:
    """No answer with includefield=all that the guest gets names a hidden series, instance or description."""
    study = partly_shared(archive)
    secrets = (study.hidden.series_uid, study.hidden.uid, '"MR"', '"hidden"')
    for path in ("/studies", f"{study.hidden.study_path}/series", f"{study.hidden.study_path}/instances"):
        found = study.guest.search(path, StudyInstanceUID=study.hidden.study_uid, includefield="all")
        expect(found.uids, "a visible part", got=found.response)
        text = found.response.body.decode("utf-8", "replace")
        expect_equal([secret for secret in secrets if secret in text], [], "hidden values in the answer")


@check("ACC-017", writes=True, capability=GUARDED)
def wildcards_and_lists_return_the_visible_part(archive: Archive) -> None:
    """A wildcard and a UID list that cover two studies return the shared one to the guest."""
    people, (shared, kept) = several_studies(archive, 2)
    both = f"{shared.study_uid},{kept.study_uid}"
    for keys in (
        {"PatientID": f"{shared.patient_id[:-1]}*"},
        {"StudyInstanceUID": both},
        {"StudyInstanceUID": both.replace(",", "\\")},
    ):
        own = people.owner.search("/studies", keys)
        if len(own) != len((shared, kept)):
            continue  # a list of this form is not understood
        expect_equal(people.guest.search("/studies", keys).uids, [shared.study_uid], f"studies for {keys}")
    expect_equal(len(people.owner.search("/studies", StudyInstanceUID=both)), 2, "the owner's studies")


@check("ACC-018", writes=True, capability=GUARDED)
def one_series_is_seen_as_far_as_it_goes(archive: Archive) -> None:
    """Who was given a series finds and retrieves the series, and the study as that series alone."""
    study = partly_shared(archive)
    expect_equal(
        study.guest.search(f"{study.hidden.study_path}/series").uids, [study.shown[0].series_uid], "series"
    )
    expected = sorted(each.uid for each in study.shown)
    for path in (study.hidden.study_path, study.shown[0].series_path):
        expect_equal(sorted(study.guest.search(f"{path}/instances").uids), expected, "instances")
        expect_equal(sorted(study.guest.metadata(path).uids), expected, "instances in metadata")
    for path in (study.hidden.series_path, study.hidden.path):
        expect_equal(study.guest.get(path).status, HTTPStatus.NOT_FOUND, f"status of {path}")


@check("ACC-019", writes=True, capability=GUARDED)
def one_instance_is_seen_alone(archive: Archive) -> None:
    """Who was given an instance gets it alone, as instance, series and study, and 404 for its neighbour."""
    study = partly_shared(archive, "instance")
    shown, neighbour = study.shown
    for path in (shown.study_path, shown.series_path, shown.path):
        expect_equal([each.uid for each in study.guest.retrieve(path)], [shown.uid], "retrieved instances")
        expect_equal(study.guest.metadata(path).uids, [shown.uid], "instances in metadata")
    for path in (shown.study_path, shown.series_path):
        expect_equal(study.guest.search(f"{path}/instances").uids, [shown.uid], "instances")
    expect_equal(study.guest.get(neighbour.path).status, HTTPStatus.NOT_FOUND, "status of the neighbour")


@check("ACC-020", writes=True, capability=GUARDED)
def a_partly_visible_study_is_200(archive: Archive) -> None:
    """Retrieving a study of which a series is visible gives 200 with the series, not 206."""
    study = partly_shared(archive)
    response = study.guest.get(study.hidden.study_path, accept=multipart_of(DICOM))
    expect_equal(response.status, HTTPStatus.OK, "status")
    got = [each.uid for each in study.guest.retrieve(study.hidden.study_path)]
    expect_equal(sorted(got), sorted(each.uid for each in study.shown), "retrieved instances")


@check("ACC-021", writes=True, capability=GUARDED)
def discovering_is_not_retrieving(archive: Archive) -> None:
    """Who may discover a study finds it and gets 403 for retrieval, metadata and frames of it."""
    study = partly_shared(archive, "study", operations="Q")
    found = study.guest.search("/studies", StudyInstanceUID=study.hidden.study_uid)
    expect_equal(found.uids, [study.hidden.study_uid], "studies")
    for base in (study.hidden.study_path, study.hidden.series_path, study.hidden.path):
        for path in (base, f"{base}/metadata"):
            expect_equal(study.guest.get(path).status, HTTPStatus.FORBIDDEN, f"status of {path}")
    frames = study.guest.get(f"{study.hidden.path}/frames/1")
    expect_equal(frames.status, HTTPStatus.FORBIDDEN, "status of a frame")
