"""Which records of the audit trail are asked for, as a condition of the trail's own file."""

from dataclasses import dataclass

from reference_server.audit.file import Value
from reference_server.audit.record import Outcome

DEFAULT_LIMIT = 100
LIMIT = 1000


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """A search of the audit trail; None asks for all. `until` is excluded, the newest records go first."""

    since: float | None = None
    until: float | None = None
    user: str | None = None
    study: str | None = None
    outcome: Outcome | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0

    def condition(self) -> tuple[str, tuple[Value, ...]]:
        """Return the SQL that selects the records of the page, and its values."""
        of_study = "id IN (SELECT record_id FROM concerned WHERE study_uid = ?)"
        filters: tuple[tuple[str, Value], ...] = (
            ("at >= ?", self.since),
            ("at < ?", self.until),
            ("name = ?", self.user),
            (of_study, self.study),
            ("outcome = ?", self.outcome),
        )
        given = [(sql, value) for sql, value in filters if value is not None]
        where = f"WHERE {' AND '.join(sql for sql, _ in given)} " if given else ""
        values = (*(value for _, value in given), self.limit, self.offset)
        return f"{where}ORDER BY id DESC LIMIT ? OFFSET ?", values
