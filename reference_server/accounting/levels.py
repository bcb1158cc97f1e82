"""From one rule about rows to an access: what a design says of each level, for a caller or for a link."""

from dataclasses import dataclass
from typing import Protocol

from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.storage.predicate import Predicate


class Reach(Protocol):
    """How a design decides about the rows of one level."""

    def predicate(self, operation: Operation, through: str) -> Predicate:
        """Return the predicate that some principal of the table `through` may do this with the row."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How a design decides about every level.

    `caller` and `issuer` are the table expressions of the principals through whom a caller, and the issuer
    of a link, may do what they may.
    """

    caller: str
    issuer: str
    study: Reach
    twin: Reach
    whole_study: Reach
    series: Reach
    whole_series: Reach
    instance: Reach

    def access(self, who: Predicate, credentials: Credentials, studies: Predicate | None) -> Access:
        """Return what the caller may see; `who` defines the table expressions."""
        if credentials.link:
            return self._access_of_link(who)

        def mine(reach: Reach, operation: Operation = Operation.DISCOVER) -> Predicate:
            return reach.predicate(operation, self.caller)

        return Access(
            caller=who,
            anonymous=credentials.anonymous,
            study=mine(self.study),
            twin=mine(self.twin),
            series=mine(self.series),
            instance=mine(self.instance),
            whole_study=mine(self.whole_study),
            whole_series=mine(self.whole_series),
            retrievable=mine(self.instance, Operation.RETRIEVE),
            studies=studies,
        )

    def _access_of_link(self, who: Predicate) -> Access:
        """Return what the grant of a link reaches and its issuer reaches too: decided instance by instance.

        A study is there if one instance of it is; that both hold something of the study is not enough.
        """

        def both(reach: Reach, operation: Operation = Operation.DISCOVER) -> Predicate:
            return reach.predicate(operation, self.caller) & reach.predicate(operation, self.issuer)

        instance = both(self.instance)
        below = "EXISTS (SELECT 1 FROM instance WHERE instance.{key} = {table}.id AND " + instance.sql + ")"  # noqa: S608  constants
        return Access(
            caller=who,
            study=Predicate(below.format(key="study_id", table="study"), instance.values),
            twin=Predicate(below.format(key="study_id", table="twin"), instance.values),
            series=Predicate(below.format(key="series_id", table="series"), instance.values),
            instance=instance,
            whole_study=both(self.whole_study),
            whole_series=both(self.whole_series),
            retrievable=both(self.instance, Operation.RETRIEVE),
        )
