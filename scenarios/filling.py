"""Filling: the same data and the same people go into every arm, over HTTP.

An arm without accounting is sent the studies plainly. An arm with accounting is first told the people of
the manifest; then each study is stored with its owner's token, and the shares of the manifest are issued by
those who granted them. One person is added: the evaluator, to whom every study is shared for search and
retrieval. The measured requests are the evaluator's, so all arms return the same bytes, and the difference
is what access control costs rather than what it hides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from datasets.manifest import Manifest, StudyRecord
from datasets.people import Share, SubjectKind
from scenarios.arms import Arm
from scenarios.load.operations import DICOM_JSON, STOW_TYPE, Operation, stow
from scenarios.load.samples import refused

EVALUATOR = "phantom-evaluator"
EVALUATION = "phantom-evaluation"  # the evaluator's organization and facility
REQUEST_BYTES = 16 << 20
REQUEST_INSTANCES = 50
NUMBER_OF_STUDY_RELATED_INSTANCES = "00201208"


class FillError(Exception):
    """An arm did not take the data or the people; the message says which and what it answered."""


@dataclass(frozen=True, slots=True)
class Selectivity:
    """The part of the archive that the measured caller sees, and through how many shares."""

    visible_instances: int
    instances: int
    shares: int


def fill(arm: Arm, manifest: Manifest) -> Selectivity:
    """Put people and data into an arm, check the counts, and set the headers of the measured caller."""
    with httpx.Client(timeout=120.0) as client:
        tokens = _introduce(arm, manifest, client) if arm.accounts else {}
        for study in manifest.studies:
            headers = _bearer(tokens[study.owner]) if tokens else arm.headers
            for body in _bodies(manifest, study):
                _store(arm, client, study, body, headers)
        if tokens:
            _share(arm, manifest, client, tokens)
            arm.headers = _bearer(tokens[EVALUATOR])
        return Selectivity(
            visible_instances=sum(_count(arm, client, study) for study in manifest.studies),
            instances=sum(_size(study) for study in manifest.studies),
            shares=len(manifest.studies) if tokens else 0,
        )


def _introduce(arm: Arm, manifest: Manifest, client: httpx.Client) -> dict[str, str]:
    """Create the people in an arm and return a token for each user."""
    people = manifest.people

    def create(path: str, body: dict[str, Any]) -> Any:
        return _post(arm, client, path, body, arm.administrator)

    for organization in (*people.organizations, EVALUATION):
        create("/organizations", {"name": organization})
    for facility in people.facilities:
        create("/facilities", {"name": facility.name, "organization": facility.organization})
    create("/facilities", {"name": EVALUATION, "organization": EVALUATION})
    for role in people.roles:
        create("/roles", {"name": role})
    users = {user.name: (user.facilities, user.roles) for user in people.users}
    tokens = {}
    for name, (facilities, roles) in {**users, EVALUATOR: ((EVALUATION,), ())}.items():
        create("/users", {"name": name, "facilities": list(facilities), "roles": list(roles)})
        tokens[name] = str(create(f"/users/{name}/tokens", {"expires": None})["token"])
    return tokens


def _share(arm: Arm, manifest: Manifest, client: httpx.Client, tokens: dict[str, str]) -> None:
    """Issue the shares of the manifest and one of each study to the evaluator."""
    shares = [_share_body(share) for share in manifest.people.shares]
    issuers = [share.granted_by for share in manifest.people.shares]
    for study in manifest.studies:
        shares.append(
            {
                "subject": {"kind": str(SubjectKind.USER), "name": EVALUATOR},
                "resource": {"repository": study.facility, "study": study.study_uid},
                "operations": ["Q", "R"],
            }
        )
        issuers.append(study.owner)
    for body, issuer in zip(shares, issuers, strict=True):
        _post(arm, client, "/shares", body, _bearer(tokens[issuer]))


def _share_body(share: Share) -> dict[str, Any]:
    resource = {"repository": share.repository, "study": share.study_uid}
    if share.series_uid:
        resource["series"] = share.series_uid
    if share.sop_instance_uid:
        resource["instance"] = share.sop_instance_uid
    return {
        "subject": {"kind": str(share.subject_kind), "name": share.subject},
        "resource": resource,
        "operations": [str(operation) for operation in share.operations],
    }


def _post(arm: Arm, client: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    answer = client.post(f"{arm.origin}/accounting{path}", json=body, headers=headers)
    if answer.status_code != httpx.codes.CREATED:
        raise FillError(
            f"arm {arm.name}: POST /accounting{path} was answered {answer.status_code}: {answer.text[:300]}"
        )
    return answer.json() if answer.content else None


def _bodies(manifest: Manifest, study: StudyRecord) -> Iterator[bytes]:
    """Yield the STOW bodies of a study, each bounded in size."""
    held: list[bytes] = []
    for series in study.series:
        for instance in series.instances:
            held.append((manifest.root / instance.path).read_bytes())
            if len(held) == REQUEST_INSTANCES or sum(map(len, held)) >= REQUEST_BYTES:
                yield stow(Operation.STOW_BATCH, held).body
                held = []
    if held:
        yield stow(Operation.STOW_BATCH, held).body


def _store(arm: Arm, client: httpx.Client, study: StudyRecord, body: bytes, headers: dict[str, str]) -> None:
    answer = client.post(
        f"{arm.base_url}/studies",
        content=body,
        headers={**headers, "Content-Type": STOW_TYPE, "Accept": DICOM_JSON},
    )
    fault = (
        f"status {answer.status_code}" if answer.status_code != httpx.codes.OK else refused(answer.content)
    )
    if fault:
        raise FillError(f"arm {arm.name} did not store study {study.study_uid}: {fault}: {answer.text[:300]}")


def _count(arm: Arm, client: httpx.Client, study: StudyRecord) -> int:
    """Return how many instances of a study the measured caller finds; fewer than stored is an error."""
    key = f"StudyInstanceUID={study.study_uid}&includefield={NUMBER_OF_STUDY_RELATED_INSTANCES}"
    url = f"{arm.base_url}/studies?{key}"
    answer = client.get(url, headers={**arm.headers, "Accept": DICOM_JSON})
    try:
        found = answer.json()
        number = sum(int(each[NUMBER_OF_STUDY_RELATED_INSTANCES]["Value"][0]) for each in found)
    except (ValueError, KeyError, TypeError):
        raise FillError(
            f"arm {arm.name}: no counts from {url}: {answer.status_code} {answer.text[:300]}"
        ) from None
    if number < _size(study):
        raise FillError(
            f"arm {arm.name} shows {number} of {_size(study)} instances of study {study.study_uid}"
        )
    return number


def _size(study: StudyRecord) -> int:
    return sum(len(series.instances) for series in study.series)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
