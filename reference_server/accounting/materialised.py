"""Materialised: what the grants decide is kept for every principal, so that a read finds it in one probe.

Triggers keep the table `visibility` in the transaction of whatever changes grants, membership or studies (see
materialised.sql): reads become cheap, and a store, a share or a new member pays for each principal that it
concerns. A listing of all studies walks one index in the order of its results, on any page.
"""

from dataclasses import dataclass

from reference_server.accounting.callers import viewing
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.storing import StoringByGrant
from reference_server.storage.predicate import Predicate

IN_FORCE = """seen.operations & {operation}
    AND (seen.not_before IS NULL OR seen.not_before <= ?) AND (seen.expires IS NULL OR seen.expires > ?)"""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which rows of `visibility` decide about a row: the key of its study, and a further condition."""

    study_key: str
    scope: str = ""

    def predicate(self, operation: Operation, now: float, viewers: str = "viewer") -> Predicate:
        """Return the predicate that one of the viewers may do this with the row."""
        in_force = IN_FORCE.format(operation=int(operation))
        sql = (
            "EXISTS (SELECT 1 FROM visibility AS seen"  # noqa: S608  the text is of constants
            f" WHERE seen.principal_id IN (SELECT id FROM {viewers})"
            f" AND seen.study_id = {self.study_key}{self.scope} AND {in_force})"
        )
        return Predicate(sql, (now, now))


STUDY = Sight("study.id")
TWIN = Sight("twin.id")
WHOLE_STUDY = Sight("study.id", " AND seen.series_id = 0")
SERIES = Sight("series.study_id", " AND seen.series_id IN (0, series.id)")
WHOLE_SERIES = Sight("series.study_id", f"{SERIES.scope} AND seen.instance_id = 0")
INSTANCE = Sight(
    "instance.study_id",
    " AND seen.series_id IN (0, instance.series_id) AND seen.instance_id IN (0, instance.id)",
)


class Materialised(StoringByGrant):
    """Grants decide when they change, not when they are asked."""

    accounts = True
    preparation = "materialised.sql"

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the predicates over what the caller was found to see."""
        caller = viewing(credentials, now)
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
            studies=None if credentials.roles else _walk(now),
        )


def _both(sight: Sight, now: float, operation: Operation = Operation.DISCOVER) -> Predicate:
    """Return what a link and its issuer may both see."""
    return sight.predicate(operation, now) & sight.predicate(operation, now, "issuing_viewer")


def _walk(now: float) -> Predicate:
    """Return the statement of all studies of one viewer; the primary key has them in order."""
    in_force = IN_FORCE.format(operation=int(Operation.DISCOVER))
    sql = (
        "SELECT DISTINCT seen.study_id AS id FROM visibility AS seen"  # noqa: S608  the text is of constants
        f" WHERE seen.principal_id = (SELECT id FROM caller) AND {in_force}"
    )
    return Predicate(sql, (now, now))
