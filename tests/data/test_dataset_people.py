"""Who may see what: the manifest's answer, held against a second evaluation and the rule's properties."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.manifest import Manifest
from datasets.people import Facility, Operation, People, Share, SubjectKind, User
from datasets.population import SHARE_CYCLE, populate
from datasets.visibility import Place, visible_to

NAMES = ("a", "b", "c")
FACILITIES = (Facility("f1", "o1"), Facility("f2", "o1"), Facility("f3", "o2"))
SUBJECTS = {
    SubjectKind.USER: NAMES,
    SubjectKind.ROLE: ("r1", "r2"),
    SubjectKind.FACILITY: ("f1", "f2", "f3"),
    SubjectKind.ORGANIZATION: ("o1", "o2"),
}
PLACES = [
    Place(f, s, e, i) for f in ("f1", "f3") for s in ("1", "2") for e in ("1.1", "1.2") for i in ("5", "6")
]


def subsets(of: tuple[str, ...], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), min_size=least, unique=True).map(tuple)


@st.composite
def shares(draw: st.DrawFn) -> Share:
    kind = draw(st.sampled_from(list(SubjectKind)))
    place = draw(st.sampled_from(PLACES))
    level = draw(st.integers(0, 2))
    return Share(
        subject_kind=kind,
        subject=draw(st.sampled_from(SUBJECTS[kind])),
        repository=place.repository,
        study_uid=place.study_uid,
        operations=draw(st.lists(st.sampled_from(list(Operation)), min_size=1, unique=True).map(tuple)),
        granted_by="a",
        series_uid=place.series_uid if level else None,
        sop_instance_uid=place.sop_instance_uid if level > 1 else None,
    )


@st.composite
def worlds(draw: st.DrawFn) -> People:
    users = tuple(
        User(
            name, draw(subsets(SUBJECTS[SubjectKind.FACILITY], 1)), draw(subsets(SUBJECTS[SubjectKind.ROLE]))
        )
        for name in NAMES
    )
    found = tuple(draw(st.lists(shares(), max_size=6)))
    return People(("o1", "o2"), FACILITIES, ("r1", "r2"), users, found)


def by_sets(people: People, place: Place) -> set[str]:
    """Evaluate the rule the other way round: from shares to users, by sets of names."""
    members: dict[tuple[str, str], set[str]] = {}
    organization = {facility.name: facility.organization for facility in people.facilities}
    for user in people.users:
        members.setdefault(("user", user.name), set()).add(user.name)
        for role in user.roles:
            members.setdefault(("role", role), set()).add(user.name)
        for facility in user.facilities:
            members.setdefault(("facility", facility), set()).add(user.name)
            members.setdefault(("organization", organization[facility]), set()).add(user.name)
    seen = set(members.get(("facility", place.repository), set()))
    path = [place.repository, place.study_uid, place.series_uid, place.sop_instance_uid]
    for share in people.shares:
        resource = [share.repository, share.study_uid, share.series_uid, share.sop_instance_uid]
        granted = [part for part in resource if part]
        if {"Q", "R"} & set(share.operations) and granted == path[: len(granted)]:
            seen |= members.get((share.subject_kind, share.subject), set())
    return seen


@given(people=worlds(), place=st.sampled_from(PLACES))
def test_two_evaluations_of_the_rule_agree(people: People, place: Place) -> None:
    assert set(visible_to(people, people.shares, place)) == by_sets(people, place)


@given(people=worlds(), place=st.sampled_from(PLACES), share=shares())
def test_another_share_never_hides_anything(people: People, place: Place, share: Share) -> None:
    before = visible_to(people, people.shares, place)
    after = visible_to(people, (*people.shares, share), place)
    assert set(before) <= set(after)


def test_the_manifest_agrees_with_the_second_evaluation(tiny: Manifest) -> None:
    for study in tiny.studies:
        for series in study.series:
            for instance in series.instances:
                place = Place(study.facility, study.study_uid, series.series_uid, instance.sop_instance_uid)
                assert set(instance.visible_to) == by_sets(tiny.people, place)


def test_some_studies_are_visible_in_part_only(tiny: Manifest) -> None:
    parts = [{i.visible_to for e in study.series for i in e.instances} for study in tiny.studies]
    assert any(len(part) > 1 for part in parts)
    assert any(len(part) == 1 for part in parts)


def test_an_owner_stores_where_the_study_is_and_issues_its_shares(tiny: Manifest) -> None:
    first_facility = {user.name: user.facilities[0] for user in tiny.people.users}
    owners = {study.study_uid: (study.facility, study.owner) for study in tiny.studies}
    assert all(first_facility[owner] == facility for facility, owner in owners.values())
    assert all(owners[s.study_uid] == (s.repository, s.granted_by) for s in tiny.people.shares)


def test_every_level_and_kind_of_subject_occurs_in_the_smallest_data_set(tiny: Manifest) -> None:
    found = {
        (s.subject_kind, "instance" if s.sop_instance_uid else "series" if s.series_uid else "study")
        for s in tiny.people.shares
    }
    assert found == {turn for turn in SHARE_CYCLE if turn}


@pytest.mark.parametrize(("organizations", "each"), [(1, 1), (1, 2), (3, 2)])
def test_people_refer_to_each_other_by_names_that_exist(organizations: int, each: int) -> None:
    people = populate(organizations, each, 3)
    names = {facility.name for facility in people.facilities}
    assert len(names) == organizations * each
    assert all(set(user.facilities) <= names and user.facilities for user in people.users)
    assert all(set(user.roles) <= set(people.roles) for user in people.users)
    assert len({user.name for user in people.users}) == len(people.users)
    assert replace(people, shares=()) == people
