"""Grants: a row is visible iff a live grant reaches it; the decision is an EXISTS inside the one statement.

allowed(caller, operation, resource) iff some grant that is not revoked, has begun and has not expired gives
the operation on the resource or on one of its ancestors to the caller or to a group that contains the caller.
The bearer of a link sees at most what the issuer of the link sees now, so for it both must hold.
EXISTS rather than a join: an instance that is reached through two grants is still one instance. Default deny
follows, since no row is visible without a grant.
"""

from dataclasses import dataclass

from reference_server.accounting.callers import identified
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.storing import StoringByGrant
from reference_server.accounting.walk import visible_studies
from reference_server.storage.predicate import Predicate

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
class Reach:
    """Which grants below the repository decide about a row: its table, study key, and a further condition."""

    table: str
    study_key: str
    scope: str = ""

    def predicate(self, operation: Operation, now: float, subjects: str = "subject") -> Predicate:
        """Return the predicate that a live grant of the operation to one of the subjects reaches the row."""
        live = LIVE.format(operation=int(operation), subjects=subjects)
        sql = REACHES.format(study_key=self.study_key, scope=self.scope, table=self.table, live=live)
        return Predicate(sql, (now, now, now, now))


# A grant on a series or an instance makes its study visible; a grant on a study makes all below it visible.
STUDY = Reach("study", "study.id")
TWIN = Reach("twin", "twin.id")
WHOLE_STUDY = Reach("study", "study.id", " AND held.series_id IS NULL")
SERIES = Reach("series", "series.study_id", " AND (held.series_id IS NULL OR held.series_id = series.id)")
WHOLE_SERIES = Reach("series", "series.study_id", f"{SERIES.scope} AND held.instance_id IS NULL")
INSTANCE = Reach(
    "instance",
    "instance.study_id",
    " AND (held.series_id IS NULL OR held.series_id = instance.series_id)"
    " AND (held.instance_id IS NULL OR held.instance_id = instance.id)",
)


def _both(reach: Reach, now: float, operation: Operation = Operation.DISCOVER) -> Predicate:
    """Return what a link and its issuer may both do."""
    return reach.predicate(operation, now) & reach.predicate(operation, now, "issuer_subject")


class Grants(StoringByGrant):
    """Grants decide; without one nothing is visible."""

    accounts = True
    preparation = "unmaterialised.sql"

    def __init__(self, streams: int = 6) -> None:
        """Merge listings from this many streams; a caller with more subjects has the rest of them sorted."""
        self.streams = streams

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the predicates over live grants of the caller."""
        caller = identified(credentials, now)
        if credentials.link:
            return Access.of_link(
                caller,
                instance=_both(INSTANCE, now),
                whole_study=_both(WHOLE_STUDY, now),
                whole_series=_both(WHOLE_SERIES, now),
                retrievable=_both(INSTANCE, now, Operation.RETRIEVE),
            )
        return Access(
            caller=caller,
            anonymous=credentials.anonymous,
            study=STUDY.predicate(Operation.DISCOVER, now),
            twin=TWIN.predicate(Operation.DISCOVER, now),
            series=SERIES.predicate(Operation.DISCOVER, now),
            instance=INSTANCE.predicate(Operation.DISCOVER, now),
            whole_study=WHOLE_STUDY.predicate(Operation.DISCOVER, now),
            whole_series=WHOLE_SERIES.predicate(Operation.DISCOVER, now),
            retrievable=INSTANCE.predicate(Operation.RETRIEVE, now),
            studies=visible_studies(now, subjects=self.streams, repositories=self.streams),
        )
