"""STOW requests: a template instance with fresh UIDs, spliced before any clock is read."""

import hashlib

from datasets.splice import Template

from scenarios.load.operations import Operation, Request, stow

DIGITS = 38  # of the integer behind 2.25., which stays below 2**128


class StowSource:
    """Makes STOW requests of new studies; the same name gives the same bytes."""

    def __init__(self, dicom: bytes, namespace: str) -> None:
        self._template = Template(dicom)
        self._namespace = namespace

    def request(self, operation: Operation, instances: int, name: str) -> Request:
        """Return a STOW of one new study with one series of that many instances."""
        study, series, *sops = (self._uid(f"{name}/{index}") for index in range(instances + 2))
        return stow(operation, [bytes(self._template.fresh(study, series, sop)) for sop in sops])

    def _uid(self, name: str) -> str:
        """Return a UID below 2.25 (PS3.5 B.2) of constant length that follows from namespace and name."""
        digest = hashlib.sha256(f"{self._namespace}/{name}".encode()).digest()
        low = 10 ** (DIGITS - 1)
        return f"2.25.{low + int.from_bytes(digest) % (9 * low)}"
