"""Attributes of one frame of an enhanced image: its own, or those shared by all (PS3.3 C.7.6.16)."""

from pydicom import Dataset


def group_item(dataset: Dataset, frame_number: int, sequence: str) -> Dataset:
    """Return the item of a functional group for a frame: its own, else the shared one, else the image itself.

    A frame number begins with 1. An image without functional groups has the attributes at its top.
    """
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for groups in (own[frame_number - 1 : frame_number], shared[:1]):
        for group in groups:
            items = group.get(sequence)
            if items:
                first: Dataset = items[0]
                return first
    return dataset
