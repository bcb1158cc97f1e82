"""Predicates that look into what a caller was found to see, and ask the grants only about the rest.

A look decides about a study that is below every change which could concern the caller; the predicate of the
design stands behind it and is computed for no other. So a statement is right with any sight of its caller,
however old, and quick with a new one.
"""

from collections.abc import Mapping

from reference_server.storage.predicate import Predicate, Slot, Value
from reference_server.storage.sight import BITS, PER_OCTET, Seen, Sight

# The key from which on nothing is known: the sight's own, or that of the first study with a later change.
_CHANGED = """changed (since) AS MATERIALIZED (
    SELECT CASE
        WHEN coalesce((SELECT max(id) FROM access_change), 0) = ? THEN ?
        WHEN (SELECT min(id) FROM access_change) > ? + 1 THEN 0
        ELSE (
            SELECT min(?, coalesce(min(access_change.study_id), ?)) FROM access_change
            WHERE access_change.id > ?
            AND (access_change.subject_id IS NULL OR access_change.subject_id IN (SELECT id FROM subject))
        )
    END
)"""
_KNOWN = "{key} < (SELECT since FROM changed)"
_LEVEL = f"unicode(substr(?, {{key}} / {PER_OCTET} + 1, 1)) >> {{key}} % {PER_OCTET} * {BITS} & 3"


OCTETS, KNOWN_BELOW, EPOCH = (Slot(f"{name} of the sight") for name in ("octets", "known_below", "epoch"))


def binding_of(sight: Sight) -> Mapping[Slot, Value]:
    """Return the values of the slots in the predicates of this module."""
    return {OCTETS: sight.octets, KNOWN_BELOW: sight.known_below, EPOCH: sight.epoch}


def with_changes(caller: Predicate) -> Predicate:
    """Return the table expressions of the caller, and from which study on its sight does not count."""
    values = (EPOCH, KNOWN_BELOW, EPOCH, KNOWN_BELOW, KNOWN_BELOW, EPOCH)
    return Predicate(f"{caller.sql}, {_CHANGED}", (*caller.values, *values))


def study_seen(key: str, plain: Predicate) -> Predicate:
    """Return the predicate that something is visible of the study with that key."""
    sql = f"CASE WHEN {_KNOWN} THEN ({_LEVEL}) > 0 ELSE {plain.sql} END".format(key=key)
    return Predicate(sql, (OCTETS, *plain.values))


def all_seen(key: str, plain: Predicate, least: Seen) -> Predicate:
    """Return the predicate of rows that certainly holds in studies of that level, never in invisible ones."""
    certain = f"CASE WHEN {_KNOWN} THEN {_LEVEL} END".format(key=key)
    yes = " ".join(f"WHEN {int(level)} THEN 1" for level in Seen if level >= least)
    sql = f"CASE {certain} WHEN {int(Seen.NOTHING)} THEN 0 {yes} ELSE {plain.sql} END"
    return Predicate(sql, (OCTETS, *plain.values))
