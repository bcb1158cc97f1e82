"""Comparability: all arms answer a request with the same bytes, and bodies are those that were stored.

Both are checked outside the measured blocks with a client of their own. Before two answers are compared,
the origin of the archive is replaced in them, because Retrieve URLs hold it, and so is the multipart
boundary.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from random import Random

import httpx

from datasets.manifest import Manifest
from scenarios.arms import Arm
from scenarios.load.operations import DICOM_PARTS, Request

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?')


def unlike_answers(arms: Sequence[Arm], requests: Iterable[Request]) -> list[str]:
    """Return a sentence for each request that an arm refuses, or that two of our arms answer differently.

    External archives may word their answers as they like.
    """
    faults = []
    with httpx.Client(timeout=120.0) as client:
        for request in requests:
            digests = {}
            for arm in arms:
                answer = _get(arm, client, request.path, request.accept)
                if answer.status_code != httpx.codes.OK:
                    what = f"{request.operation} {request.path}"
                    faults.append(f"refused: arm {arm.name} answers {what} with {answer.status_code}")
                elif not arm.plan.target:
                    digests[arm.name] = _digest(arm, answer)
            if len(set(digests.values())) > 1:
                told = ", ".join(f"{name} {digest}" for name, digest in digests.items())
                faults.append(f"answers differ: {request.operation} {request.path}: {told}")
    return faults


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
