"""Which texts are dates, times and moments, and where a moment lies in UTC."""

import pytest

from reference_server.storage.moments import utc_moment, valid


@pytest.mark.parametrize(
    ("vr", "text", "is_valid"),
    [
        ("DA", "20200110", True),
        ("DA", "20200110-20200111", True),
        ("DA", "-20200111", True),
        ("DA", "", False),
        ("DA", "-", False),
        ("DA", "2020", False),
        ("DA", "20200110-x", False),
        ("DA", "2020011\uff10", False),
        ("TM", "10:30:00", True),
        ("TM", "1030-", True),
        ("TM", "235960", True),
        ("TM", "2400", False),
        ("DT", "2020-0500", True),
        ("DT", "20200101-20210101", True),
        ("DT", "20200101000000.5+0100-", True),
        ("DT", "20200230", False),
        ("DT", "202001011200+01", False),
    ],
)
def test_a_key_is_a_value_or_a_range(vr: str, text: str, is_valid: bool) -> None:  # noqa: FBT001  a column of the table
    assert valid(vr, text) is is_valid


@pytest.mark.parametrize(
    ("text", "offset", "moment"),
    [
        ("2020", None, "20200101000000000000"),
        ("20200110123000.25", None, "20200110123000250000"),
        ("2020011012+0100", "-0500", "20200110110000000000"),
        ("2020011012", "-0500", "20200110170000000000"),
        ("2020011012", "nonsense", "20200110120000000000"),
        ("20161231235960", None, "20161231235959000000"),
        ("0001+0100", None, None),
        ("2020013", None, None),
        ("20201301", None, None),
        ("", "+0100", None),
        (None, None, None),
    ],
)
def test_a_moment_is_compared_in_utc(text: str | None, offset: str | None, moment: str | None) -> None:
    assert utc_moment(text, offset) == moment
