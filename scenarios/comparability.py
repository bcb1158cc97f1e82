"""Comparability: all arms answer a request alike, and bodies are those that were stored.

Both are checked outside the measured blocks with a client of their own. Arms that run the same code are held
to the same bytes; before they are compared, the origin of the archive is replaced in them, because Retrieve
URLs hold it, and so is the multipart boundary. Archives of others, and other revisions of ours, word their
answers as they like, so only the substance is compared (`scenarios.substance`); what that leaves out is
returned as notes, which run.json keeps.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from datasets.manifest import Manifest
from scenarios.arms import Arm
from scenarios.load.operations import DICOM_PARTS, Request
from scenarios.substance import Substance, substance_of

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?')


@dataclass(slots=True)
class Comparison:
    """What comparing the answers of all arms found: faults make the run invalid, notes say what was left."""

    faults: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)

    @property
    def notes(self) -> list[str]:
        """Return one sentence for each kind of thing that was not compared."""
        return sorted(self.left_out)


def compare_answers(arms: Sequence[Arm], requests: Iterable[Request]) -> Comparison:
    """Send every request to every arm, and compare what comes back."""
    found = Comparison()
    with httpx.Client(timeout=120.0) as client:
        for request in requests:
            answers = {arm.name: _get(arm, client, request.path, request.accept) for arm in arms}
            for arm in arms:
                status = answers[arm.name].status_code
                if status != httpx.codes.OK:
                    what = f"{request.operation} {request.path}"
                    found.faults.append(f"refused: arm {arm.name} answers {what} with {status}")
            good = [arm for arm in arms if answers[arm.name].status_code == httpx.codes.OK]
            _compare_bytes(good, request, answers, found)
            _compare_substance(good, request, answers, found)
    return found


def _compare_bytes(
    arms: Sequence[Arm], request: Request, answers: dict[str, httpx.Response], found: Comparison
) -> None:
    """Hold arms of the same code to the same bytes."""
    for revision in {arm.plan.revision for arm in arms if not arm.plan.is_foreign}:
        alike = [arm for arm in arms if not arm.plan.is_foreign and arm.plan.revision == revision]
        digests = {arm.name: _digest(arm, answers[arm.name]) for arm in alike}
        if len(set(digests.values())) > 1:
            told = ", ".join(f"{name} {digest}" for name, digest in digests.items())
            found.faults.append(f"answers differ: {request.operation} {request.path}: {told}")


def _compare_substance(
    arms: Sequence[Arm], request: Request, answers: dict[str, httpx.Response], found: Comparison
) -> None:
    """Hold archives of different code to the same substance."""
    if len({(arm.plan.is_foreign and arm.name, arm.plan.revision) for arm in arms}) < 2:  # noqa: PLR2004  a comparison
        return
    substances: dict[str, Substance] = {
        arm.name: substance_of(request, answers[arm.name].headers, answers[arm.name].content) for arm in arms
    }
    found.left_out |= {f"{request.operation}: {each.left_out}" for each in substances.values()}
    if len({each.compared for each in substances.values()}) > 1:
        told = ", ".join(f"{name}: {each.text}" for name, each in substances.items())
        found.faults.append(f"answers differ in substance: {request.operation} {request.path}: {told}")


def damaged_bodies(arms: Sequence[Arm], manifest: Manifest, random: Random) -> list[str]:
    """Return a sentence for each arm that does not return one instance, drawn at random, as it was stored."""
    study = random.choice(manifest.studies)
    series = random.choice(study.series)
    instance = random.choice(series.instances)
    path = f"/studies/{study.study_uid}/series/{series.series_uid}/instances/{instance.sop_instance_uid}"
    faults = []
    with httpx.Client(timeout=120.0) as client:
        for arm in arms:
            answer = _get(arm, client, path, DICOM_PARTS)
            if hashlib.sha256(only_part(answer)).hexdigest() != instance.sha256:
                faults.append(
                    f"body: arm {arm.name} does not return {path} as it was stored ({answer.status_code})"
                )
    return faults


def only_part(answer: httpx.Response) -> bytes:
    """Return the content of the single part of a multipart answer; empty if there is none."""
    boundary = _BOUNDARY.search(answer.headers.get("content-type", ""))
    if not boundary:
        return b""
    delimiter = b"--" + boundary[1].encode()
    part = answer.content.partition(delimiter)[2]
    content = part.partition(b"\r\n\r\n")[2]
    return content.rpartition(b"\r\n" + delimiter + b"--")[0]


def _get(arm: Arm, client: httpx.Client, path: str, accept: str) -> httpx.Response:
    return client.get(
        f"{arm.base_url}{path}", headers={**arm.headers, "Accept": accept, "Accept-Encoding": "identity"}
    )


def _digest(arm: Arm, answer: httpx.Response) -> str:
    body = answer.content
    if boundary := _BOUNDARY.search(answer.headers.get("content-type", "")):
        body = body.replace(boundary[1].encode(), b"BOUNDARY")
    return hashlib.sha256(body.replace(arm.base_url.encode(), b"BASE")).hexdigest()[:12]
