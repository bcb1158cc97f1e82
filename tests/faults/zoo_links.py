"""Faults in links."""

from scenarios.conformance.message import Request
from tests.faults.fault import in_request
from tests.faults.ledger import as_owner, note


@in_request("acc/links/a_link_opens*")
def links_open_everything(request: Request) -> Request:
    """The bearer of a link is taken for its issuer."""
    note(request)
    return as_owner(request) if "Bearer link." in (request.header("Authorization") or "") else request
