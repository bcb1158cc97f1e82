"""Grants: a row is visible iff a live grant reaches it; the decision is an EXISTS inside the one statement.

allowed(caller, operation, resource) iff some grant that is not revoked, has begun and has not expired gives
the operation on the resource or on one of its ancestors to the caller or to a group that contains the caller.
The bearer of a link sees at most what the issuer of the link sees now, so for it both must hold.
EXISTS rather than a join: an instance that is reached through two grants is still one instance. Default deny
follows, since no row is visible without a grant.
"""

from dataclasses import dataclass

from reference_server.accounting.callers import identified
from reference_server.accounting.levels import Levels
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.rules import Rules
from reference_server.accounting.storing import StoringByGrant
from reference_server.accounting.walk import visible_studies
from reference_server.storage.predicate import NOW, Predicate

LIVE = """held.subject_id IN (SELECT id FROM {subjects}) AND held.operations & {operation}
    AND held.revoked_at IS NULL
    AND (held.not_before IS NULL OR held.not_before <= ?) AND (held.expires IS NULL OR held.expires > ?)"""

REACHES = """(EXISTS (
    SELECT 1 FROM access_grant AS held WHERE held.study_id = {study_key}{scope} AND {live}
) OR EXISTS (
    SELECT 1 FROM access_grant AS held
    WHERE held.study_id IS NULL AND held.repository_id = {table}.repository_id AND {live}
))"""


@dataclass(frozen=True, slots=True)
class StoredReach:
    """Which grants below the repository decide about a row: its table, study key, and a further condition."""

    table: str
    study_key: str
    scope: str = ""

    def predicate(self, operation: Operation, through: str) -> Predicate:
        """Return the predicate that a live grant of the operation to one of the subjects reaches the row."""
        live = LIVE.format(operation=int(operation), subjects=through)
        sql = REACHES.format(study_key=self.study_key, scope=self.scope, table=self.table, live=live)
        return Predicate(sql, (NOW, NOW, NOW, NOW))


# A grant on a series or an instance makes its study visible; a grant on a study makes all below it visible.
_OF_SERIES = " AND (held.series_id IS NULL OR held.series_id = series.id)"
LEVELS = Levels(
    caller="subject",
    issuer="issuer_subject",
    study=StoredReach("study", "study.id"),
    twin=StoredReach("twin", "twin.id"),
    whole_study=StoredReach("study", "study.id", " AND held.series_id IS NULL"),
    series=StoredReach("series", "series.study_id", _OF_SERIES),
    whole_series=StoredReach("series", "series.study_id", f"{_OF_SERIES} AND held.instance_id IS NULL"),
    instance=StoredReach(
        "instance",
        "instance.study_id",
        " AND (held.series_id IS NULL OR held.series_id = instance.series_id)"
        " AND (held.instance_id IS NULL OR held.instance_id = instance.id)",
    ),
)


class Grants(StoringByGrant):
    """Grants decide; without one nothing is visible."""

    accounts = True
    preparation = "unmaterialised.sql"

    def __init__(self, streams: int = 6) -> None:
        """Merge listings from this many streams; a caller with more subjects has the rest of them sorted."""
        self.streams = streams
        self._rules = Rules(self._access)

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the predicates over live grants of the caller."""
        return self._rules.access(credentials, now)

    def _access(self, credentials: Credentials) -> Access:
        studies = visible_studies(subjects=self.streams, repositories=self.streams)
        return LEVELS.access(identified(credentials, NOW), credentials, studies)
