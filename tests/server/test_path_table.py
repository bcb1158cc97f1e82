"""The table of paths leads where Starlette's own routes would, with the same parameters."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from reference_server.path_table import PathTable
from reference_server.routes import MANAGEMENT, RESOURCES


class Nowhere:
    """An endpoint that is only ever compared."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do nothing."""


TEMPLATES = [
    *(f"{root}{each.path}" for root in ("/dicom-web", "/repositories/{repository}/x") for each in RESOURCES),
    *(each.path for each in MANAGEMENT),
    "/",
]
ENDPOINTS = {template: Nowhere() for template in TEMPLATES}
TABLE = PathTable(ENDPOINTS)
# Starlette takes the first route that matches: what is spelled out goes before what is a parameter.
ROUTES = sorted(
    (Route(path, app) for path, app in ENDPOINTS.items()), key=lambda route: route.path.count("{")
)
WORDS = [
    *sorted({word for path in TEMPLATES for word in path.split("/") if "{" not in word}),
    "1.2",
    "x y",
    "",
]
PATHS = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=9).map(lambda words: "/" + "/".join(words)),
    st.builds(
        lambda path, value: "/".join(value if "{" in part else part for part in path.split("/")),
        st.sampled_from(TEMPLATES),
        st.sampled_from(["1.2.3", "a/b", "", "metadata", "{study}"]),
    ),
)


@given(PATHS)
def test_a_path_leads_where_starlette_would_lead_it(path: str) -> None:
    scope = {"type": "http", "path": path, "method": "GET"}
    found = next((each[1] for route in ROUTES if (each := route.matches(scope))[0] is Match.FULL), {})
    match, child = TABLE.matches(scope)
    assert (match is Match.FULL) == bool(found)
    assert child.get("endpoint") is found.get("endpoint")
    assert child.get("path_params") == found.get("path_params")
