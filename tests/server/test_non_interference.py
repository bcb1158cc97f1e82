"""What a caller may not see leaves no trace in any answer: transcripts of all routes, before and after.

The caller was given one series of a study. Then others store into that study and beside it, share, revoke
and create; whatever the caller asks, by names that it knows, guesses or will never learn, it is answered the
same, octet for octet, but for the clock and the random boundaries of multipart.
"""

import itertools
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx

from reference_server.routes import RESOURCES
from tests.server.hospital import Hospital
from tests.server.running import bearer, changed
from tests.server.transcript import Learned, learned

UIDS = ("study", "series", "instance")
VISIBLE = ("2.25.1", "2.25.11", "2.25.111")
# Below the visible series, below the visible study, elsewhere: unknown before the change and hidden after it.
HIDDEN = (("2.25.1", "2.25.12", "2.25.121"), ("2.25.2", "2.25.21", "2.25.211"))
NEVER = ("2.25.9", "2.25.91", "2.25.911")
QUERIES = (
    "",
    "limit=1",
    "includefield=all",
    "PatientID=1CT1",
    "PatientName=Comp*&fuzzymatching=true",
    "ModalitiesInStudy=MR",
    "Modality=MR",
    "StudyInstanceUID=2.25.1,2.25.2",
    "SOPInstanceUID=2.25.121",
    "offset=1",
)
CONDITIONS: tuple[dict[str, str], ...] = ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"})


def instance(content: bytes, uids: tuple[str, str, str], modality: str = "CT") -> bytes:
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return changed(content, Modality=modality, **dict(zip(names, uids, strict=True)))


def urls(hospital: Hospital) -> Iterator[str]:
    """Yield every resource at every root, by visible, hidden and unknown names; searches with keys."""
    roots = [hospital.archive.base, *(f"{hospital.archive.origin}/repositories/{name}/dicom-web" for name in
             ("north", "south", "nowhere"))]  # fmt: skip
    for root, resource, uids in itertools.product(roots, RESOURCES, (VISIBLE, *HIDDEN, NEVER)):
        named = dict(zip(UIDS, uids, strict=True))
        path = resource.path.replace("{attribute:path}", "7FE00010")
        url = root + path.format(frames="1", **named)
        if "GET" not in resource.actions:
            continue
        if resource.path == "/wado":
            keys = dict(zip(("studyUID", "seriesUID", "objectUID"), uids, strict=True))
            yield f"{url}?{urlencode({'requestType': 'WADO', **keys})}"
        elif resource.path.endswith(("/studies", "/series", "/instances")):
            yield from (f"{url}?{query}" for query in QUERIES)
        else:
            yield url


def answer(hospital: Hospital, method: str, url: str, condition: dict[str, str]) -> httpx.Response:
    headers = bearer(hospital.stranger) | condition
    return hospital.archive.client.request(method, url, headers=headers)


def transcript(hospital: Hospital) -> dict[tuple[str, str, str], Learned]:
    """Return what the caller is answered, by method, URL and condition."""
    found = {}
    for url in dict.fromkeys(urls(hospital)):
        for condition in CONDITIONS:
            found["GET", url, str(condition)] = learned(answer(hospital, "GET", url, condition))
        for method in ("HEAD", "OPTIONS"):
            found[method, url, ""] = learned(answer(hospital, method, url, {}))
    for path in (
        "/shares",
        "/effective?repository=north&study=2.25.1",
        "/effective?repository=north&study=2.25.2",
    ):
        url = f"{hospital.archive.origin}/accounting{path}"
        found["GET", url, ""] = learned(answer(hospital, "GET", url, {}))
    return found


def share(hospital: Hospital, resource: dict[str, str], user: str) -> int:
    body = {"subject": {"kind": "user", "name": user}, "resource": resource, "operations": ["R"]}
    created = hospital.archive.manage("/shares", body, hospital.owner)
    assert created.status_code == 201, created.text
    return int(created.json()["id"])


def test_nothing_hidden_leaves_a_trace(hospital: Hospital, ct: bytes) -> None:
    archive = hospital.archive
    assert archive.store(instance(ct, VISIBLE), token=hospital.owner).status_code == 200
    share(hospital, {"repository": "north", "study": VISIBLE[0], "series": VISIBLE[1]}, "stranger")
    before = transcript(hospital)
    assert before["GET", f"{archive.base}/studies/2.25.1", "{}"][0] == 200
    assert before["GET", f"{archive.base}/studies/2.25.2", "{}"][0] == 404

    hidden = [instance(ct, uids, modality="MR") for uids in HIDDEN]
    assert archive.store(*hidden, token=hospital.owner).status_code == 200
    revoked = share(hospital, {"repository": "north", "study": HIDDEN[1][0]}, "viewer")
    share(hospital, {"repository": "north", "study": VISIBLE[0]}, "reader")
    url = f"{archive.origin}/accounting/shares/{revoked}"
    archive.client.delete(url, headers=bearer(hospital.owner)).raise_for_status()
    archive.manage("/organizations", {"name": "elsewhere"}, hospital.administrator).raise_for_status()
    new = {"name": "west", "organization": "elsewhere"}
    archive.manage("/facilities", new, hospital.administrator).raise_for_status()

    after = transcript(hospital)
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] != after[key]] == []
