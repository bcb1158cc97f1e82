"""A random attacker learns nothing of what it may not see; the nox session `designs` tries for longer."""

from pathlib import Path

import pytest

from tests.server.attacker import attack
from tests.server.hospital import EVERY_DESIGN
from tests.server.reduced import worlds

REQUESTS = 250


@pytest.mark.parametrize(("seed", "design"), list(enumerate(EVERY_DESIGN)))
def test_a_random_attacker_learns_nothing(tmp_path: Path, ct: bytes, seed: int, design: str) -> None:
    made = worlds(tmp_path, ct, seed)
    hidden = set(made.stored) - made.visible
    result = attack(made, design, ct, REQUESTS, seed)
    assert result.differing == []
    assert hidden
    assert {200, 404, 403, 405} <= set(result.statuses)
