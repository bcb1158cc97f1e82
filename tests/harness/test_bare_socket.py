"""The bare socket that ours is compared with reads whole answers too."""

from contextlib import closing

import pytest

from scenarios.load.bare_socket import BareClient
from scenarios.load.operations import DICOM_JSON, Operation, Request
from tests.harness.faulty_server import STALL_S, FaultyServer


def client(server: FaultyServer, path: str) -> closing[BareClient]:
    wire = Request(Operation.WADO_STUDY, path, DICOM_JSON).wire("", "localhost", {})
    return closing(BareClient(server.url, wire))


@pytest.mark.parametrize("path", ["/slow-start", "/slow-end"])
def test_an_answer_is_waited_for_to_its_end(path: str) -> None:
    with FaultyServer() as server, client(server, path) as bare:
        assert bare.send() >= STALL_S * 1e9


@pytest.mark.parametrize("path", ["/sound", "/pieces", "/empty", "/chunked"])
def test_the_next_answer_begins_where_the_last_one_ended(path: str) -> None:
    with FaultyServer() as server, client(server, path) as bare:
        assert all(bare.send() > 0 for _ in range(3))
        assert server.connections == 1


@pytest.mark.parametrize("path", ["/truncated", "/truncated-chunked", "/truncated-header", "/no-answer"])
def test_an_answer_that_ends_early_is_an_error(path: str) -> None:
    with FaultyServer() as server, client(server, path) as bare, pytest.raises(OSError, match="within"):
        bare.send()
