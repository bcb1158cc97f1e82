"""A random archive, and the same archive without what one user may not see.

Both are made of one data folder. In the copy, every row is removed that the user does not see: instances
and what is left empty by that, and grants that neither reach the user nor are the user's to manage.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from reference_server.storage.folder import INDEX
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer, changed

STUDIES, SHARES = 6, 8
MODALITIES = ("CT", "MR", "SR")
PERSON = "stranger"
SUBJECTS = (("user", PERSON), ("facility", "south"), ("organization", "trust"), ("user", "viewer"))


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance of the archive, by repository and UIDs."""

    repository: str
    uids: tuple[str, str, str]
    modality: str

    @property
    def patient(self) -> str:
        """The Patient ID, which tells the repositories apart."""
        return f"{self.repository}{self.uids[0]}"

    def content(self, ct: bytes) -> bytes:
        """Return the file; what belongs to a study is the same in all its instances."""
        study, series, instance = self.uids
        values = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
        number = study.rsplit(".", 1)[1]
        named = {"PatientID": self.patient, "PatientName": f"Name{number}^{self.repository}"}
        dated = {"StudyDate": f"200{number}0102", "AccessionNumber": f"A{number}"}
        return changed(ct, Modality=self.modality, **values, **named, **dated)


def drawn(random: Random) -> list[Stored]:
    """Draw the studies of north, and those of south under some of the same UIDs, in any order of arrival."""
    found = []
    for study in range(1, STUDIES + 1):
        for repository in ("north", "south") if study <= 2 else ("north",):
            for series in range(1, random.randint(2, 4)):
                modality = random.choice(MODALITIES)
                for number in range(1, random.randint(2, 4)):
                    uids = (f"2.25.{study}", f"2.25.{study}{series}", f"2.25.{study}{series}{number}")
                    found.append(Stored(repository, uids, modality))
    random.shuffle(found)
    return found


def _shared(random: Random, hospital: Hospital, stored: list[Stored]) -> set[Stored]:
    """Share some of north, some of it for a while or no more, and return what the person sees by that."""
    visible: set[Stored] = set()
    for _ in range(SHARES):
        on = random.choice([each for each in stored if each.repository == "north"])
        depth = random.randint(1, 3)
        kind, name = random.choice(SUBJECTS)
        levels = dict(zip(("study", "series", "instance"), on.uids[:depth], strict=False))
        state = random.choice(("live", "live", "live", "revoked", "later"))
        body: dict[str, Any] = {
            "subject": {"kind": kind, "name": name},
            "resource": {"repository": "north", **levels},
            "operations": random.choice((["Q"], ["R"])),
        }
        if state == "later":
            body["not_before"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        share = hospital.archive.manage("/shares", body, hospital.owner).raise_for_status().json()["id"]
        if state == "revoked":
            url = f"{hospital.archive.origin}/accounting/shares/{share}"
            hospital.archive.client.delete(url, headers=bearer(hospital.owner)).raise_for_status()
        if state == "live" and name != "viewer":
            visible |= {e for e in stored if e.repository == "north" and e.uids[:depth] == on.uids[:depth]}
    return visible


@dataclass(frozen=True, slots=True)
class Worlds:
    """Two data folders, what is stored in the first, what of that the person sees, and its token."""

    whole: Path
    reduced: Path
    stored: list[Stored]
    visible: set[Stored]
    hospital: Hospital


def worlds(folder: Path, ct: bytes, seed: int) -> Worlds:
    """Make the two data folders."""
    random = Random(seed)
    archive = RunningArchive(folder / "whole", "grants").start()
    hospital = open_hospital(archive, ct)
    stored = drawn(random)
    for each in stored:
        token = hospital.owner if each.repository == "north" else hospital.stranger
        assert archive.store(each.content(ct), token=token).status_code == 200
    visible = _shared(random, hospital, stored) | {each for each in stored if each.repository == "south"}
    archive.end()
    archive.client.close()
    shutil.copytree(folder / "whole", folder / "reduced")
    with closing(sqlite3.connect(folder / "reduced" / INDEX)) as index, index:
        _reduce(index, visible)
    return Worlds(folder / "whole", folder / "reduced", stored, visible, hospital)


HIDDEN = """DELETE FROM instance WHERE NOT EXISTS (
    SELECT 1 FROM repository JOIN visible ON visible.repository = repository.name
    WHERE repository.id = instance.repository_id AND visible.uid = instance.sop_instance_uid
)"""
# The person is a member of south, and so manages what is granted on south's studies.
UNSEEN_GRANTS = """DELETE FROM access_grant WHERE study_id NOT IN (SELECT id FROM study)
OR series_id NOT IN (SELECT id FROM series) OR instance_id NOT IN (SELECT id FROM instance)
OR (repository_id <> (SELECT id FROM repository WHERE name = 'south') AND subject_id NOT IN (
    SELECT group_id FROM closure JOIN principal ON principal.id = closure.member_id WHERE name = ?
))"""
EMPTY = (
    "DELETE FROM metadata WHERE instance_id NOT IN (SELECT id FROM instance)",
    "DELETE FROM series WHERE id NOT IN (SELECT series_id FROM instance)",
    "DELETE FROM study WHERE id NOT IN (SELECT study_id FROM instance)",
    "DELETE FROM name_word WHERE study_id NOT IN (SELECT id FROM study)",
    """UPDATE series SET instance_count = (
        SELECT count(*) FROM instance WHERE instance.series_id = series.id
    )""",
    """UPDATE study SET
        instance_count = (SELECT count(*) FROM instance WHERE instance.study_id = study.id),
        series_count = (SELECT count(*) FROM series WHERE series.study_id = study.id),
        modalities = (
            SELECT json_group_array(DISTINCT series.modality) FROM series WHERE series.study_id = study.id
        )""",
)


def _reduce(index: sqlite3.Connection, visible: set[Stored]) -> None:
    """Remove what the person does not see."""
    index.execute("CREATE TEMP TABLE visible (repository TEXT, uid TEXT)")
    index.executemany("INSERT INTO visible VALUES (?, ?)", [(e.repository, e.uids[2]) for e in visible])
    for statement in (HIDDEN, *EMPTY):
        index.execute(statement)
    index.execute(UNSEEN_GRANTS, (PERSON,))
