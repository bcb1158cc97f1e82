"""The management API: people, tokens and shares as JSON over /accounting.

People and tokens are an administrator's business. Shares are anyone's who holds the right to share; an
administrator may share and revoke everything. With accounting off there is no such API: its paths answer 404.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from reference_server.accounting import people
from reference_server.accounting.callers import Caller, caller_of
from reference_server.accounting.links import issue_link
from reference_server.accounting.people import Kind
from reference_server.accounting.policy import Operation
from reference_server.accounting.resources import ResourceName
from reference_server.accounting.sharing import (
    Share,
    ShareRequest,
    issue_share,
    list_shares,
    revoke_share,
)
from reference_server.accounting.tokens import issue_token
from reference_server.dicomweb.archive import Archive, archive_of
from reference_server.errors import BadRequest, Forbidden, NotFound
from reference_server.json_body import JsonBody

LETTERS = {
    "Q": Operation.DISCOVER,
    "R": Operation.RETRIEVE | Operation.DISCOVER,
    "A": Operation.APPEND,
    "D": Operation.DELETE,
    "S": Operation.SHARE,
}
SHARED_WITH = tuple(kind for kind in Kind if kind is not Kind.LINK)
BEARERS = (Kind.ANONYMOUS, Kind.LINK)  # who they are, nobody knows: they read and no more
READING = Operation.DISCOVER | Operation.RETRIEVE


async def _caller(archive: Archive, request: Request) -> Caller:
    """Return who asks, before anything else is looked at; raises Unauthorized."""
    return await caller_of(archive.database, archive.credentials(request), archive.clock())


async def _administrator(archive: Archive, request: Request) -> None:
    if not (await _caller(archive, request)).administrator:
        raise Forbidden("this needs an administrator")


def _answer(content: object, status: int = 201) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


async def create_organization(request: Request) -> Response:
    """Create an organization."""
    archive = archive_of(request)
    await _administrator(archive, request)
    name = (await JsonBody.of(request)).text("name")
    await archive.database.write(lambda write: people.create_organization(write, name))
    return _answer({"name": name})


async def create_facility(request: Request) -> Response:
    """Create a facility, which is a repository."""
    archive = archive_of(request)
    await _administrator(archive, request)
    body = await JsonBody.of(request)
    name, organization = body.text("name"), body.text("organization")
    await archive.database.write(lambda write: people.create_facility(write, name, organization))
    return _answer({"name": name})


async def create_role(request: Request) -> Response:
    """Create a role."""
    archive = archive_of(request)
    await _administrator(archive, request)
    name = (await JsonBody.of(request)).text("name")
    await archive.database.write(lambda write: people.create_role(write, name))
    return _answer({"name": name})


async def create_user(request: Request) -> Response:
    """Create a user with its facilities and roles."""
    archive = archive_of(request)
    await _administrator(archive, request)
    body = await JsonBody.of(request)
    name, facilities, roles = body.text("name"), body.texts("facilities"), body.texts("roles")
    await archive.database.write(lambda write: people.create_user(write, name, facilities, roles))
    return _answer({"name": name})


async def create_token(request: Request) -> Response:
    """Give a user a token; this answer is the only place where it is ever shown."""
    archive = archive_of(request)
    await _administrator(archive, request)
    expires = (await JsonBody.of(request)).time("expires")
    user = request.path_params["name"]
    token = await archive.database.write(lambda write: issue_token(write, user, expires))
    return _answer({"token": token})


async def create_share(request: Request) -> Response:
    """Share a resource that the caller holds the right to share."""
    archive = archive_of(request)
    caller = await _caller(archive, request)
    wanted = _share_request(await JsonBody.of(request))
    now = archive.clock()
    share_id = await archive.database.write(lambda write: issue_share(write, caller, wanted, now))
    return _answer({"id": share_id})


async def create_link(request: Request) -> Response:
    """Give out a link to a resource; this answer is the only place where its token is ever shown."""
    archive = archive_of(request)
    caller = await _caller(archive, request)
    body = await JsonBody.of(request)
    wanted = _wanted(body, Kind.LINK, "")
    now = archive.clock()
    share_id, token = await archive.database.write(lambda write: issue_link(write, caller, wanted, now))
    return _answer({"id": share_id, "token": token})


def _share_request(body: JsonBody) -> ShareRequest:
    subject = body.object("subject")
    kind = subject.text("kind")
    if kind not in SHARED_WITH:
        raise BadRequest(f"subject.kind must be one of {', '.join(SHARED_WITH)}")
    return _wanted(body, Kind(kind), subject.optional_text("name") or kind)


def _wanted(body: JsonBody, kind: Kind, name: str) -> ShareRequest:
    resource = body.object("resource")
    letters = body.texts("operations")
    if not letters or not set(letters) <= set(LETTERS):
        raise BadRequest(f"operations must be of {', '.join(LETTERS)}")
    operations = Operation(0)
    for letter in letters:
        operations |= LETTERS[letter]
    if kind in BEARERS and operations & ~READING:
        raise BadRequest(f"with {kind}, only the operations Q and R can be shared")
    return ShareRequest(
        subject_kind=kind,
        subject_name=name,
        resource=ResourceName(
            resource.text("repository"),
            resource.optional_text("study"),
            resource.optional_text("series"),
            resource.optional_text("instance"),
        ),
        operations=operations,
        snapshot=body.flag("snapshot"),
        not_before=body.time("not_before"),
        expires=body.time("expires"),
    )


async def get_shares(request: Request) -> Response:
    """List the shares in force that the caller issued or may manage."""
    archive = archive_of(request)
    caller = await _caller(archive, request)
    now = archive.clock()
    shares = await archive.database.write(lambda write: list_shares(write, caller, now))
    return _answer([_rendered(share) for share in shares], 200)


def _rendered(share: Share) -> dict[str, object]:
    resource = share.resource
    uids = {"study": resource.study, "series": resource.series, "instance": resource.instance}
    return {
        "id": share.id,
        "subject": {"kind": share.subject_kind, "name": share.subject_name},
        "resource": {"repository": resource.repository} | {k: v for k, v in uids.items() if v is not None},
        "operations": [each for each, bits in LETTERS.items() if share.operations & bits == bits],
        "snapshot": share.snapshot,
        "not_before": share.not_before,
        "expires": share.expires,
        "granted_by": share.granted_by,
    }


async def delete_share(request: Request) -> Response:
    """Revoke a share and what was derived from it."""
    archive = archive_of(request)
    caller = await _caller(archive, request)
    number = request.path_params["id"]
    if not number.isdecimal() or len(number) > 18:  # noqa: PLR2004  what fits a key of SQLite
        raise NotFound("there is no such share")
    now = archive.clock()
    await archive.database.write(lambda write: revoke_share(write, caller, int(number), now))
    return Response(status_code=204)
