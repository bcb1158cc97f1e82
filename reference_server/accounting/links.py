"""Links: opaque tokens that reach one resource for whoever bears them.

A link is a principal of its own with one grant. It discovers and retrieves; it ends by expiry, by revocation
of its grant, and with the grant of its issuer from which that was derived; and at every use it reaches no
more than its issuer does then. The token is shown once; the archive keeps its SHA-256.
"""

import secrets
from dataclasses import replace

from reference_server.accounting.callers import Caller
from reference_server.accounting.people import Kind, create_link_principal
from reference_server.accounting.sharing import ShareRequest, issue_share
from reference_server.accounting.tokens import ISSUE, LINK_PREFIX, TOKEN_BYTES, token_hash
from reference_server.storage.database import Transaction


async def issue_link(write: Transaction, caller: Caller, wanted: ShareRequest, now: float) -> tuple[int, str]:
    """Return the share id and the token of a new link; raises what `issue_share` raises.

    An administrator who holds nothing there has no rights that the link could pass on.
    """
    own_rights = replace(caller, administrator=False)
    token = LINK_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    name = secrets.token_hex(8)
    await create_link_principal(write, name)
    link = replace(wanted, subject_kind=Kind.LINK, subject_name=name)
    share_id = await issue_share(write, own_rights, link, now)
    await write.fetch(ISSUE, (token_hash(token), wanted.expires, Kind.LINK, name))
    return share_id, token
