"""Credentials: who is not known gets 401, and no cache mixes up who asked."""

from http import HTTPStatus

from scenarios.conformance.accounting import facilities, token_for, visible_part, with_token
from scenarios.conformance.archive import ANONYMOUS, Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.acc_existence import GUARDED, stored_image
from scenarios.conformance.findings import CouldNotRun, expect, expect_equal
from scenarios.conformance.message import Response

NO_CREDENTIALS = ("", "Bearer", "Bearer ", "Bearer a b", "Bearer nonsense", "nonsense", "Basic b3duZXI6")


def owners_token(archive: Archive) -> str:
    """Return the bearer token of the owner; another kind of credential could not run."""
    scheme, _, token = archive.target.principals.get("owner", {}).get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise CouldNotRun("the owner of target.toml has no bearer token")
    return token


def expect_unauthorized(response: Response, why: str) -> None:
    """Expect 401 with a Bearer challenge."""
    expect_equal(response.status, HTTPStatus.UNAUTHORIZED, f"status with {why}")
    challenge = response.header("WWW-Authenticate") or ""
    expect(challenge.lower().startswith("bearer"), "WWW-Authenticate: Bearer", got=challenge or "none")


@check("ACC-042", writes=True, capability=GUARDED)
def without_a_valid_token_nothing_is_answered(archive: Archive) -> None:
    """No token, an empty, a malformed and an unknown one give 401 with a Bearer challenge, everywhere."""
    hidden = stored_image(archive)
    anonymous = archive.as_principal(ANONYMOUS)
    for path in ("/studies", hidden.study_path, f"{hidden.path}/metadata", "/studies/2.25.1"):
        expect_unauthorized(anonymous.get(path), "no token")
        for text in NO_CREDENTIALS:
            answer = anonymous.get(path, headers={"Authorization": text})
            expect_unauthorized(answer, f"Authorization: {text}")


@check("ACC-042", writes=True, capability=GUARDED)
def a_store_without_a_token_is_refused(archive: Archive) -> None:
    """A store without a token is 401, and the owner does not find what was sent."""
    known, sent = stored_image(archive), archive.image("sent", study="sent")
    answer = archive.as_principal(ANONYMOUS).store(sent)
    expect_unauthorized(answer.response, "no token")
    found = archive.search("/studies", StudyInstanceUID=f"{known.study_uid},{sent.study_uid}")
    expect_equal(found.uids, [known.study_uid], "studies that are there")


@check("ACC-042", writes=True, capability=GUARDED)
def an_expired_token_is_refused(archive: Archive) -> None:
    """A token that was valid until a second ago gives 401."""
    people = facilities(archive)
    hidden = stored_image(people.owner)
    expired = with_token(archive, "expired", token_for(people.admin, people.name("owner"), -1.0))
    expect_unauthorized(expired.get(hidden.path), "an expired token")


@check("ACC-043", writes=True, capability=GUARDED)
def a_token_in_the_query_is_no_credential(archive: Archive) -> None:
    """The owner's valid token as access_token or token in the query string does not open the archive."""
    hidden, token = stored_image(archive), owners_token(archive)
    for name in ("access_token", "token", "authorization"):
        answer = archive.as_principal(ANONYMOUS).get(hidden.path, {name: token})
        expect_unauthorized(answer, f"the token in {name} of the query")


@check("ACC-044", writes=True, capability=GUARDED)
def answers_to_known_callers_are_private(archive: Archive) -> None:
    """Retrievals, searches, metadata and refusals say Cache-Control: private, no-cache and Vary."""
    hidden = stored_image(archive)
    for view in (archive, archive.as_principal("other")):
        for path in (hidden.path, f"{hidden.path}/metadata", f"{hidden.study_path}/series"):
            response = view.get(path)
            caching = {text.strip() for text in (response.header("Cache-Control") or "").lower().split(",")}
            expect(caching >= {"private", "no-cache"}, "Cache-Control: private, no-cache", got=caching)
            varies = {text.strip() for text in (response.header("Vary") or "").lower().split(",")}
            expect("authorization" in varies, "Vary: Authorization", got=varies)


@check("ACC-045", writes=True, capability=GUARDED)
def an_undeclared_method_is_refused_for_all_alike(archive: Archive) -> None:
    """PATCH and an unknown resource are refused with the same answer to the owner and to another user."""
    hidden = stored_image(archive)
    other = archive.as_principal("other")
    for method, path in (
        ("PATCH", hidden.study_path),
        ("PATCH", hidden.path),
        ("PATCH", "/studies"),
        ("GET", f"{hidden.study_path}/phantom"),
    ):
        mine, theirs = archive.request(method, path), other.request(method, path)
        expect(mine.is_client_error or mine.status == HTTPStatus.NOT_IMPLEMENTED, "a refusal", got=mine)
        expect_equal(visible_part(mine), visible_part(theirs), f"answer to {method} {path}, as to another")
