"""Whatever text a request carries: no token is kept, UIDs are, and the message stays a message."""

import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from reference_server.accounting.tokens import LINK_PREFIX, TOKEN_BYTES
from reference_server.audit.event import Event
from reference_server.audit.file import TrailFile
from reference_server.audit.message import audit_message
from reference_server.audit.record import Outcome, Record
from reference_server.audit.withholding import LONGEST, WITHHELD, withheld, withheld_query
from tests.server.audit_schema import check_message

TEXTS = st.text(max_size=40)
TOKENS = st.builds(
    lambda prefix, octets: prefix + urlsafe_b64encode(octets).rstrip(b"=").decode(),
    st.sampled_from(["", LINK_PREFIX]),
    st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES).filter(any),
)
UIDS = st.lists(st.integers(0, 10**38), min_size=2, max_size=3).map(
    lambda parts: "2." + ".".join(map(str, parts))
)


@given(token=TOKENS, before=TEXTS, after=TEXTS)
def test_no_token_is_kept_wherever_it_stands(token: str, before: str, after: str) -> None:
    secret = token.removeprefix(LINK_PREFIX)
    assert secret not in withheld(before + token + after)
    for encoded in (quote(token), quote_plus(token), "".join(f"%{ord(each):02x}" for each in token)):
        kept = withheld_query(f"a={quote(before)}&t={encoded}&b={quote(after)}")
        assert encoded not in kept
        assert secret not in kept


@given(uid=UIDS)
def test_uids_are_kept(uid: str) -> None:
    path = f"/dicom-web/studies/{uid}/metadata"
    assert withheld(path) == path
    assert withheld_query(f"StudyInstanceUID={uid}%5C{uid}") == f"StudyInstanceUID={uid}%5C{uid}"


def test_long_texts_are_cut_after_what_is_withheld() -> None:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    kept = withheld("a," * (LONGEST // 2 - 4) + token)
    assert len(kept) <= LONGEST
    assert token[:8] not in kept
    assert WITHHELD[:6] in kept


@given(
    event=st.sampled_from(Event),
    outcome=st.sampled_from(Outcome),
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    number=st.none() | st.integers(0, 10**6),
    studies=st.lists(st.tuples(UIDS, st.none() | TEXTS), max_size=3, unique_by=lambda pair: pair[0]),
)
def test_every_record_renders_as_a_message(
    event: Event,
    outcome: Outcome,
    texts: tuple[str, str, str, str, str],
    number: int | None,
    studies: list[tuple[str, str | None]],
) -> None:
    name, address, path, query, asked = texts
    record = Record(
        at=1.5e9,
        event=event,
        outcome=outcome,
        status=200,
        kind="user",
        name=name,
        address=address,
        method="GET",
        path=f"/{path}",
        query=query,
        studies=tuple(studies),
        number=number,
        refused=number,
        asked=asked,
    )
    check_message(fromstring(audit_message(record, "http://archive.example/dicom-web")))


def test_a_nul_hides_nothing_behind_it(tmp_path: Path) -> None:
    file = TrailFile(tmp_path)
    file.open()
    record = Record(
        at=1.5,
        event=Event.QUERY,
        outcome=Outcome.SUCCESS,
        status=200,
        kind="user",
        name="a\0b",
        address="::1",
        method="GET",
        path="/\0x",
        query="",
        studies=(("1.2", "p\0q"), ("1.3", None)),
        number=None,
        refused=2,
        asked=None,
    )
    file.append([record, record])
    kept = file.select("ORDER BY id", ())
    file.close()
    assert [each.id for each in kept] == [1, 2]
    for each in kept:
        assert (each.name, each.path) == ("a\u2400b", "/\u2400x")
        assert each.studies == (("1.2", "p\u2400q"), ("1.3", None))
        assert (each.at, each.event, each.refused, each.number) == (1.5, Event.QUERY, 2, None)
