"""The archive as a check sees it: requests that read like sentences, and full control where a check needs it.

`search`, `store`, `retrieve`, `frames` and `metadata` say what is meant and raise a violation if the answer
cannot be read as such. `get`, `post` and `request` return the bare response, and `raw` sends any bytes.
Every exchange is recorded as evidence of the running check.

    found = archive.search("/studies", PatientID=page.patient_id, limit=3)
    expect(len(found) == 3, "three results", got=len(found))
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import quote, urljoin, urlsplit

from scenarios.conformance import multipart
from scenarios.conformance.answers import Datasets, Retrieved, StoreAnswer
from scenarios.conformance.findings import CouldNotRun, Violation, expect
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.fixtures.instance import Instance, build
from scenarios.conformance.media_type import ANY, DICOM, DICOM_JSON, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Multipart, Part
from scenarios.conformance.target import Target
from scenarios.conformance.transport import Recorder

Keys = Mapping[str, str | int] | Sequence[tuple[str, str | int]]
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a check has to say beside its result."""

    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive under test, seen by one principal during one check."""

    target: Target
    recorder: Recorder
    names: Identifiers  # for what the check itself stores
    remarks: Remarks = field(default_factory=Remarks)
    principal: str = "owner"

    @property
    def edition(self) -> str:
        """The edition of PS3.18 that the target claims, for example 2025c; editions compare as text."""
        return self.target.edition

    def warn(self, text: str) -> None:
        """Say that the archive is served by one reading of the standard only; a pass becomes a warn."""
        self.remarks.warnings.append(text)

    def note(self, text: str) -> None:
        """Report what was observed, without judging it."""
        self.remarks.notes.append(text)

    def as_principal(self, name: str) -> "Archive":
        """Return the archive as another principal of target.toml sees it; an unknown one could not run."""
        if name != ANONYMOUS and name not in self.target.principals:
            raise CouldNotRun(f"target.toml names no principal {name!r}")
        return replace(self, principal=name)

    # Requests, from the barest up

    def raw(self, data: bytes, *, method: str = "GET") -> Response:
        """Send these bytes as they are; the method tells whether the response has a body."""
        line = data.partition(b"\r\n")[0].decode("latin-1", "replace")
        shown = Request(method, line.partition(" ")[2].rpartition(" ")[0] or line, (), data)
        return self.recorder.send(self.target.origin, shown, raw=data)

    def request(
        self,
        method: str,
        path: str,
        params: Keys | None = None,
        *,
        accept: str | None = ANY,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        chunked: bool = False,
    ) -> Response:
        """Send a request to a path below the base URL, or to an absolute URL; nothing is judged.

        `params` are percent-encoded; a query that stands in the path is sent as it is. None as `accept` or
        as a header value leaves that header out.
        """
        url = urlsplit(path if "://" in path else f"{self.target.base_url}{path}")
        query = "&".join(part for part in (url.query, encode(params)) if part)
        own = url[:2] == self.target.origin[:2]
        credentials = self.target.principals.get(self.principal, {}) if own else {}
        framing = {} if body is None else {"Transfer-Encoding": "chunked"} if chunked else _length(body)
        lines: dict[str, str | None] = {
            "Host": url.netloc.rpartition("@")[2],
            "User-Agent": "dicomweb-phantom",
            "Accept": accept,
            **credentials,
            **framing,
            **(headers or {}),
        }
        request = Request(
            method=method,
            target=(url.path or "/") + (f"?{query}" if query else ""),
            headers=tuple((name, value) for name, value in lines.items() if value is not None),
            body=_chunks(body or b"") if chunked else body or b"",
        )
        response = self.recorder.send(url._replace(path="", query="", fragment=""), request)
        return replace(response, url=url._replace(query=query).geturl())

    def get(
        self,
        path: str,
        params: Keys | None = None,
        *,
        accept: str | None = ANY,
        headers: Mapping[str, str | None] | None = None,
    ) -> Response:
        """GET a path; nothing is judged."""
        return self.request("GET", path, params, accept=accept, headers=headers)

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str | None,
        *,
        accept: str | None = DICOM_JSON,
        headers: Mapping[str, str | None] | None = None,
        chunked: bool = False,
    ) -> Response:
        """POST a body; nothing is judged."""
        lines = {"Content-Type": content_type, **(headers or {})}
        return self.request("POST", path, accept=accept, headers=lines, body=body, chunked=chunked)

    def follow(self, uri: str, response: Response, *, accept: str | None = ANY) -> Response:
        """GET a URI that occurred in a response; a relative one is resolved against the response's URL."""
        return self.get(urljoin(response.url, uri), accept=accept)

    # Search

    def search(self, path: str, keys: Keys | None = None, /, **more: str | int) -> Datasets:
        """Search a resource (`/studies`, `study.path + "/series"`); results come as DICOM JSON.

        Keys are keywords, tags or dotted paths. An answer other than 200 or 204, or one that is not JSON,
        is a violation.
        """
        pairs = [*(keys.items() if isinstance(keys, Mapping) else keys or ()), *more.items()]
        level = urlsplit(path).path.rstrip("/").rpartition("/")[2]
        return Datasets.of(self.get(path, pairs, accept=DICOM_JSON), level)

    # Retrieve

    def metadata(self, path: str) -> Datasets:
        """Retrieve the metadata of a study, series or instance path as DICOM JSON."""
        return Datasets.of(self.get(f"{path}/metadata", accept=DICOM_JSON))

    def parts(self, response: Response) -> Multipart:
        """Read a 200 multipart response; another status, no parts or a truncated body is a violation."""
        expect(response.status == HTTPStatus.OK, "200 with multipart/related", got=response)
        expect(not response.truncated, "a complete body", got=response)
        found = multipart.read(response)
        if not found.parts:
            raise Violation("multipart/related with at least one part", str(response))
        return found

    def retrieve(self, path: str, transfer_syntax: str | None = None) -> list[Retrieved]:
        """Retrieve the instances of a study, series or instance path, in the order of the response."""
        response = self.get(path, accept=multipart_of(DICOM, transfer_syntax))
        return [Retrieved.of(part) for part in self.parts(response).parts]

    def frames(self, path: str, numbers: str = "1", transfer_syntax: str | None = None) -> list[Part]:
        """Retrieve frames of an instance path as octet streams; `numbers` is a comma list."""
        response = self.get(f"{path}/frames/{numbers}", accept=multipart_of(OCTETS, transfer_syntax))
        return list(self.parts(response).parts)

    # Store

    def store(self, *instances: Instance, study_uid: str | None = None) -> StoreAnswer:
        """Store instances in one request, if given below a study; nothing is judged."""
        parts = [Part.of(DICOM, instance.data) for instance in instances]
        return self.store_parts(parts, study_uid=study_uid)

    def store_parts(self, parts: Iterable[Part], *, study_uid: str | None = None) -> StoreAnswer:
        """Store these parts as they are; nothing is judged."""
        path = "/studies" if study_uid is None else f"/studies/{study_uid}"
        parts = list(parts)
        boundary = multipart.boundary_for(parts)
        part_type = parts[0].content_type.name if parts else DICOM
        header = multipart.content_type(part_type, boundary)
        return StoreAnswer.of(self.post(path, multipart.write(parts, boundary), header))

    def stored(self, *instances: Instance) -> None:
        """Store instances that a check needs; a refusal ends the check as could-not-run."""
        answer = self.store(*instances)
        if answer.status != 200 or answer.failed:  # noqa: PLR2004 - all stored
            raise CouldNotRun(f"the archive did not store what the check needs: {answer.response}")

    def image(self, label: str = "image", **attributes: object) -> Instance:
        """Return a new CT image that only this check uses; see `fixtures.instance.build` for the keywords."""
        return build(self.names, label, **attributes)  # type: ignore[arg-type] # keywords pass through


def encode(params: Keys | None) -> str:
    """Return the parameters as a query string; names and values are percent-encoded UTF-8."""
    pairs = params.items() if isinstance(params, Mapping) else params or ()
    return "&".join(f"{quote(name, safe='.')}={quote(str(value), safe='')}" for name, value in pairs)


def _length(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body))}


def _chunks(body: bytes, size: int = 16_384) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
