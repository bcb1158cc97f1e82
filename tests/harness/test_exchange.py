"""Every fault of an archive is seen in the sample of its request."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from geventhttpclient.client import HTTPClient

from scenarios.load.exchange import Exchange
from scenarios.load.operations import DICOM_JSON, Operation, Request, stow
from scenarios.load.samples import (
    SCHEMA,
    Place,
    Recorder,
    Sample,
    medians_ms,
    parse_server_timing,
    refused,
    write_samples,
)
from tests.harness.faulty_server import BODY, PIECE, STALL_S, FaultyServer

STALL_NS = int(STALL_S * 1e9)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.fixture
def client(server: FaultyServer) -> Iterator[HTTPClient]:
    opened = HTTPClient.from_url(server.url, network_timeout=2.0)
    yield opened
    opened.close()


def get(client: HTTPClient, path: str, *, spin_ns: int = 0, keep: bool = False) -> Sample:
    request = Request(Operation.WADO_INSTANCE, path, DICOM_JSON)
    wire = request.wire("", "127.0.0.1", {})
    exchange = Exchange()
    exchange.perform(client, wire, "GET", keep=keep, spin_ns=spin_ns)
    return Sample(0, request, len(wire), exchange.sent_ns or 0, exchange)


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/sound", len(BODY)),
        ("/pieces", len(BODY)),
        ("/empty", 0),
        ("/chunked", 3 * PIECE),
        ("/until-close", len(BODY)),
        ("/interim", len(BODY)),
    ],
)
def test_a_sound_answer_is_read_to_its_end(client: HTTPClient, path: str, size: int) -> None:
    sample = get(client, path)
    assert sample.error is None
    row = sample.row(Place("run", 1, "on", 2))
    assert (row["status"], row["response_bytes"]) == (200, size)
    assert row["sent_ns"] <= row["first_byte_ns"] <= row["end_ns"]  # type: ignore[operator]  # a row holds objects
    assert (row["server_authz_us"], row["server_total_us"], row["sql_n"]) == (250.0, 1500.0, 1)
    assert row["server_blob_us"] is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/truncated", f"body truncated: {PIECE} of {len(BODY)} bytes"),
        ("/truncated-chunked", f"chunked body truncated after {3 * PIECE} bytes"),
        ("/truncated-header", "connection closed before the end of the header"),
        ("/no-answer", "connection closed before the end of the header"),
        ("/garbage", "HTTPParseError"),
        ("/error", "status 503"),
    ],
)
def test_a_fault_is_a_failed_sample(client: HTTPClient, path: str, reason: str) -> None:
    sample = get(client, path)
    assert reason in str(sample.error)
    assert sample.exchange.end_ns is not None


def test_a_late_first_byte_and_a_late_last_byte_are_told_apart(client: HTTPClient) -> None:
    start, end = get(client, "/slow-start").exchange, get(client, "/slow-end").exchange
    assert start.first_byte_ns - start.sent_ns >= STALL_NS  # type: ignore[operator]  # both were reached
    assert end.end_ns - end.first_byte_ns >= STALL_NS // 2  # type: ignore[operator]  # as above
    assert end.end_ns - end.sent_ns >= STALL_NS  # type: ignore[operator]  # as above


def test_an_injected_delay_lies_within_the_timed_section(client: HTTPClient) -> None:
    spin_ns = 20_000_000
    exchange = get(client, "/empty", spin_ns=spin_ns).exchange
    assert exchange.first_byte_ns - exchange.sent_ns >= spin_ns  # type: ignore[operator]  # both were reached


def test_connections_are_kept_until_a_fault(client: HTTPClient, server: FaultyServer) -> None:
    for _ in range(3):
        assert get(client, "/sound").error is None
        assert get(client, "/chunked").error is None
    assert server.connections == 1
    assert get(client, "/truncated").error
    assert get(client, "/sound").error is None
    assert server.connections == 2


def test_a_refused_connection_is_a_failed_sample_without_clocks() -> None:
    client = HTTPClient.from_url("http://127.0.0.1:9", connection_timeout=2.0)
    sample = get(client, "/")
    row = sample.row(Place("run", 0, "off", 0))
    assert "not connected" in str(row["error"])
    assert row["sent_ns"] is row["first_byte_ns"] is row["status"] is row["response_bytes"] is None
    client.close()


def test_a_kept_body_is_the_body(client: HTTPClient) -> None:
    for path in ("/sound", "/pieces"):
        answer = get(client, path, keep=True).exchange.answer
        assert answer is not None
        assert answer.body == BODY


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", None),
        (b'{"00081199": {"vr": "SQ", "Value": [{}]}}', None),
        (b'{"00081198": {"vr": "SQ", "Value": [{}, {}]}}', "2 instances refused"),
        (b"stored!", "the STOW response is not JSON"),
        (b"[]", "the STOW response is not a dataset"),
    ],
)
def test_a_stow_succeeds_only_if_no_instance_failed(body: bytes, reason: str | None) -> None:
    assert refused(body) == reason


def test_samples_come_back_from_parquet(client: HTTPClient, tmp_path: Path) -> None:
    recorder = Recorder(1)  # smaller than what it will hold
    for fault in ("/sound", "/truncated", "/error"):
        sample = get(client, fault)
        recorder.add(sample.request, sample.request_bytes, 7, sample.exchange)
    path = tmp_path / "block.parquet"
    write_samples(recorder.samples, Place("run", 3, "on", 4), path)
    table = pq.read_table(path)
    assert table.schema.equals(SCHEMA)
    assert table["seq"].to_pylist() == [0, 1, 2]
    assert table["status"].to_pylist() == [200, 200, 503]
    assert [error is None for error in table["error"].to_pylist()] == [True, False, False]
    assert set(table["operation"].to_pylist()) == {"wado-instance"}
    assert list(tmp_path.iterdir()) == [path]
    assert list(medians_ms(recorder.samples)) == [Operation.WADO_INSTANCE]


def test_server_timing_is_parsed_with_descriptions_and_without_durations() -> None:
    value = 'cache;desc="a b", db;dur=53.2, app;desc="x";dur=47, miss'
    assert parse_server_timing(value) == {"db": 53.2, "app": 47.0}
    assert parse_server_timing("") == {}


def test_a_stow_request_announces_its_length() -> None:
    request = stow(Operation.STOW_BATCH, [b"one", b"two"])
    head, _, body = request.wire("/dicom-web", "archive:80", {"Authorization": "Bearer t"}).partition(
        b"\r\n\r\n"
    )
    assert body == request.body
    assert f"Content-Length: {len(body)}".encode() in head
    assert head.startswith(b"POST /dicom-web/studies HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in head
    assert b"Authorization: Bearer t" in head
    assert body.count(b"Content-Type: application/dicom\r\n\r\n") == 2
