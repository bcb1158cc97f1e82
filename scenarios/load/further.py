"""Further operations, for comparisons with archives of others: more corners of the same four services.

They are no part of the fourteen that price accounting, and are only asked for by name.
"""

from collections.abc import Sequence
from enum import StrEnum

from datasets.manifest import InstanceRecord, Manifest
from scenarios.load.operations import DICOM_JSON, Operation, Request
from scenarios.load.workload import build_workload

JPEG = "image/jpeg"


class Further(StrEnum):
    """What is measured; the value is the name in samples, tables and figures."""

    STOW_SMALL = "stow-small"  # 10.5, the smallest image of the data set into a new study
    QIDO_STUDIES_FIRST_PAGE = "qido-studies-first-page"  # 10.6, no key, limit alone
    QIDO_STUDIES_DEEP_PAGE = "qido-studies-deep-page"  # the last page
    QIDO_STUDIES_NO_MATCH = "qido-studies-no-match"  # a PatientID that nobody has
    WADO_STUDY_METADATA = "wado-study-metadata"  # 10.4
    WADO_RENDERED = "wado-rendered"  # an instance as JPEG


STORES = (Operation.STOW_INSTANCE, Operation.STOW_BATCH, Further.STOW_SMALL)
TURNS = (*Operation, *Further)


def turn_requests(
    manifest: Manifest, operations: Sequence[str], targets: int, page_limit: int
) -> dict[str, tuple[Request, ...]]:
    """Return the requests of these operations, stores left out; their targets are those of the workload."""
    known: dict[str, tuple[Request, ...]] = {
        str(name): requests for name, requests in build_workload(manifest, targets, page_limit).reads.items()
    }
    known |= _further(known, len(manifest.studies), page_limit)
    return {name: known[name] for name in operations if name not in STORES}


def _further(
    known: dict[str, tuple[Request, ...]], studies: int, limit: int
) -> dict[str, tuple[Request, ...]]:
    """Return the further reads; what retrieves aims at what the fourteen aim at."""
    nobody = [f"/studies?PatientID=NOBODY{number}" for number in range(4)]
    series = [request.path.removesuffix("/metadata") for request in known[Operation.WADO_METADATA]]
    paths = {
        Further.QIDO_STUDIES_FIRST_PAGE: (DICOM_JSON, [f"/studies?limit={limit}"]),
        Further.QIDO_STUDIES_DEEP_PAGE: (
            DICOM_JSON,
            [f"/studies?limit={limit}&offset={max(0, studies - limit - step)}" for step in range(4)],
        ),
        Further.QIDO_STUDIES_NO_MATCH: (DICOM_JSON, nobody),
        Further.WADO_STUDY_METADATA: (
            DICOM_JSON,
            list(dict.fromkeys(f"{path.partition('/series')[0]}/metadata" for path in series)),
        ),
        Further.WADO_RENDERED: (
            JPEG,
            [request.path.replace("/frames/1", "/rendered") for request in known[Operation.WADO_FRAME]],
        ),
    }
    return {
        str(name): tuple(Request(name, path, accept) for path in targeted)
        for name, (accept, targeted) in paths.items()
    }


def smallest_image(manifest: Manifest) -> InstanceRecord:
    """Return the smallest single-frame image, which lends its content to small stores."""
    images = [each for study in manifest.studies for series in study.series for each in series.instances]
    return min((each for each in images if each.frames == 1), key=lambda each: each.size_bytes)
