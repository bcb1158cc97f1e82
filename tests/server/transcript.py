"""What a caller learns from an answer: all of it but the clock and the random boundary of a multipart."""

import re

import httpx

CLOCK = {"date", "server-timing"}
Learned = tuple[int, list[tuple[str, str]], bytes]


def learned(response: httpx.Response) -> Learned:
    """Return status, headers and body, without the clock and with one boundary for all."""
    boundary = re.search(r"boundary=\"?([^\";]+)", response.headers.get("content-type", ""))
    name = boundary[1] if boundary else "-"
    headers = [
        (key, value.replace(name, "BOUNDARY") if boundary else value)
        for key, value in response.headers.multi_items()
        if key not in CLOCK
    ]
    body = response.content.replace(name.encode(), b"BOUNDARY") if boundary else response.content
    return response.status_code, headers, body
