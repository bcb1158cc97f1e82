"""An image shows the phantom of its modality, and its lowest rows say which instance it is."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.phantom import LEVELS, PHANTOMS, image


@given(modality=st.sampled_from(list(PHANTOMS)), uid=st.text("0123456789.", min_size=1, max_size=64))
def test_the_bar_code_is_the_digest_of_the_uid(modality: str, uid: str) -> None:
    bars = image(modality, 64, 64, uid, 0)[-4:, :64] == PHANTOMS[modality].white
    bits = np.unpackbits(np.frombuffer(hashlib.sha256(uid.encode()).digest()[8:16], dtype=np.uint8))
    assert (bars == bits.astype(bool)).all()


@pytest.mark.parametrize("modality", PHANTOMS)
def test_the_phantom_is_brighter_inside_than_outside(modality: str) -> None:
    made = image(modality, 128, 128, "1.2.3", LEVELS // 2)
    assert made[64, 70:80].mean() > 2 * made[4:12, 4:12].mean()


def test_the_body_is_widest_in_the_middle_level() -> None:
    areas = [int((image("CT", 128, 128, "1", level)[:120] > 500).sum()) for level in range(LEVELS)]
    assert areas.index(max(areas)) in (LEVELS // 2 - 1, LEVELS // 2)
    assert min(areas[0], areas[-1]) < max(areas) * 3 // 4
