"""The description of the service is that of the table of resources, in three forms, for anybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from reference_server.capabilities import DESCRIPTIONS, OPENAPI, WADL
from reference_server.routes import RESOURCES
from tests.server.running import RunningArchive

TAG = "{http://wadl.dev.java.net/2009/02}"
DECLARED = {
    (re.sub(r":\w+", "", each.path), method)
    for each in RESOURCES
    for method in each.actions
    if each.path.strip("/")
}


@pytest.fixture(scope="module", params=["off", "grants"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningArchive]:
    """An archive without people to ask it, in two modes."""
    running = RunningArchive(tmp_path_factory.mktemp("archive"), request.param).start()
    yield running
    running.end()
    running.client.close()


def options(archive: RunningArchive, path: str, accept: str) -> httpx.Response:
    return archive.client.options(f"{archive.base}{path}", headers={"Accept": accept})


def in_wadl(element: ET.Element, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths and methods below an element."""
    for child in element.findall(f"{TAG}resource"):
        path = f"{above}/{child.attrib['path']}"
        for method in child.findall(f"{TAG}method"):
            yield path, method.attrib["name"]
        yield from in_wadl(child, path)


@pytest.mark.parametrize("path", ["", "/"])
def test_wadl_declares_what_is_served(archive: RunningArchive, path: str) -> None:
    answer = options(archive, path, WADL)
    assert (answer.status_code, answer.headers["content-type"]) == (200, WADL)
    [resources] = ET.fromstring(answer.content).findall(f"{TAG}resources")
    assert resources.attrib["base"] == archive.base
    found = list(in_wadl(resources))
    assert len(found) == len(set(found))
    assert set(found) == DECLARED


def test_ids_are_unique_and_templates_are_parameters(archive: RunningArchive) -> None:
    root = ET.fromstring(options(archive, "/", WADL).content)
    ids = [method.attrib["id"] for method in root.iter(f"{TAG}method")]
    assert len(ids) == len(set(ids)) == len(DECLARED)
    for resource in root.iter(f"{TAG}resource"):
        templates = re.findall(r"{(\w+)}", resource.attrib["path"])
        assert [each.attrib["name"] for each in resource.findall(f"{TAG}param")] == templates


def test_openapi_declares_what_is_served(archive: RunningArchive) -> None:
    document = options(archive, "/", OPENAPI).json()
    assert document["servers"] == [{"url": archive.base}]
    found = {
        (path, method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters" and path != "/"
    }
    assert found == DECLARED
    for path, item in document["paths"].items():
        assert [each["name"] for each in item["parameters"]] == re.findall(r"{(\w+)}", path)
        assert all(item[method]["summary"].endswith(".") for method in item if method != "parameters")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", WADL),
        ("application/json", "application/json"),
        ("text/html, application/json;q=0.5", DESCRIPTIONS[1]),
    ],
)
def test_the_form_is_negotiated(archive: RunningArchive, accept: str, content_type: str) -> None:
    for answer in (options(archive, "/", accept), archive.get("/", accept)):
        assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert options(archive, "/", "text/html").status_code == 406


def test_it_is_conditional_and_names_the_methods(archive: RunningArchive) -> None:
    answer = options(archive, "/", WADL)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    again = archive.client.get(
        f"{archive.base}/", headers={"If-None-Match": answer.headers["etag"], "Accept": WADL}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_preflight_is_not_taken_for_a_question_about_capabilities(archive: RunningArchive) -> None:
    headers = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET"}
    answer = archive.client.options(f"{archive.base}/", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "<application" not in answer.text


def test_an_archive_at_the_root_describes_itself_there(tmp_path: Path) -> None:
    running = RunningArchive(tmp_path, arguments=("--base-path", "")).start()
    try:
        answer = running.client.options(f"{running.origin}/", headers={"Accept": WADL})
        assert f'base="{running.origin}"' in answer.text
        assert running.client.get(f"{running.origin}/studies").json() == []
    finally:
        running.end()
        running.client.close()
