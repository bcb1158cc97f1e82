"""STOW requests: a template instance with fresh UIDs, spliced before any clock is read."""

from datasets.splice import Template
from datasets.uids import uid_of
from scenarios.load.operations import Request, stow


class StowSource:
    """Makes STOW requests of new studies; the same namespace and name give the same bytes."""

    def __init__(self, dicom: bytes, namespace: str) -> None:
        self._template = Template(dicom)
        self._namespace = namespace

    def request(self, operation: str, instances: int, name: str) -> Request:
        """Return a STOW of one new study with one series of that many instances."""
        study, series, *sops = (uid_of(self._namespace, name, index) for index in range(instances + 2))
        return stow(operation, [bytes(self._template.fresh(study, series, sop)) for sop in sops])
