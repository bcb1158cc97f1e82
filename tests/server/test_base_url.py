"""The URLs that the archive names lead back to it, however its caller spelled the Host."""

import pytest

from tests.server.running import RunningArchive


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("127.0.0.1", "127.0.0.1:{port}"),  # what dicomweb-client sends
        ("archive.example", "archive.example"),  # what a proxy in front passes on
        ("archive.example:8443", "archive.example:8443"),
    ],
)
def test_a_retrieve_url_begins_with_the_host(plain: RunningArchive, ct: bytes, host: str, named: str) -> None:
    plain.store(ct)
    port = plain.base.split(":")[2].split("/")[0]
    answer = plain.client.get(f"{plain.base}/studies", headers={"Host": host.format(port=port)})
    url = answer.json()[0]["00081190"]["Value"][0]
    assert url.startswith(f"http://{named.format(port=port)}/dicom-web/studies/")
