"""An archive that is killed while it stores loses nothing acknowledged and shows nothing by halves."""

from pathlib import Path

import pytest

from tests.server.kill_rounds import Rounds


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["full", "process"])
def test_a_kill_loses_no_acknowledged_instance(tmp_path: Path, ct: bytes, durability: str) -> None:
    rounds = Rounds(tmp_path / "data", ct, ("--durability", durability))
    number = 0
    while number < 2 or not rounds.acknowledged:
        rounds.run(number)
        number += 1
    rounds.expect_whole()
