"""A small shared archive: two facilities with users, one study, and what each user may do with it."""

import os
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread

from tests.server.running import RunningArchive

# All designs that decide do it alike and pass the same tests. The further three are slower, so most tests
# leave them to the nox session `designs`, which names them in the environment.
DESIGNS = tuple(os.environ.get("DESIGNS", "grants materialised").split())
EVERY_DESIGN = tuple(dict.fromkeys((*DESIGNS, "post-filter", "external", "cedar")))


@dataclass(frozen=True, slots=True)
class Hospital:
    """A study of facility north; of south, `viewer` may discover it and `reader` also retrieve it."""

    archive: RunningArchive
    content: bytes
    administrator: str
    owner: str
    viewer: str
    reader: str
    stranger: str

    @property
    def dataset(self) -> Dataset:
        """The instance that is stored."""
        return dcmread(BytesIO(self.content), stop_before_pixels=True)

    @property
    def study(self) -> str:
        """The path of the study."""
        return f"/studies/{self.dataset.StudyInstanceUID}"

    @property
    def series(self) -> str:
        """The path of the series."""
        return f"{self.study}/series/{self.dataset.SeriesInstanceUID}"

    @property
    def instance(self) -> str:
        """The path of the instance."""
        return f"{self.series}/instances/{self.dataset.SOPInstanceUID}"

    def share(self, kind: str, name: str, operations: list[str], **more: Any) -> dict[str, Any]:
        """Return the body of a share of the study."""
        return {
            "subject": {"kind": kind, "name": name},
            "resource": {"repository": "north", "study": str(self.dataset.StudyInstanceUID)},
            "operations": operations,
        } | more


def open_hospital(archive: RunningArchive, content: bytes) -> Hospital:
    """Create the people, store the study as its owner and share it."""
    root = archive.administrator()

    def manage(path: str, body: dict[str, Any], token: str = root) -> Any:
        answer = archive.manage(path, body, token)
        assert answer.status_code == 201, answer.text
        return answer.json()

    manage("/organizations", {"name": "trust"})
    for facility in ("north", "south"):
        manage("/facilities", {"name": facility, "organization": "trust"})
    manage("/roles", {"name": "radiologist"})
    tokens = {}
    for user, facility in (
        ("owner", "north"),
        ("viewer", "south"),
        ("reader", "south"),
        ("stranger", "south"),
    ):
        manage("/users", {"name": user, "facilities": [facility], "roles": []})
        tokens[user] = manage(f"/users/{user}/tokens", {"expires": None})["token"]
    hospital = Hospital(archive, content, root, **tokens)
    assert archive.store(content, token=hospital.owner).status_code == 200
    manage("/shares", hospital.share("user", "viewer", ["Q"]), hospital.owner)
    manage("/shares", hospital.share("user", "reader", ["R"]), hospital.owner)
    return hospital
