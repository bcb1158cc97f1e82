"""Records as audit messages in XML (PS3.15 A.5).

The standard describes no message for DICOMweb; these are the ones for query and transfer over DIMSE, with the
URL in the place of the SOP class and dataset of a query. A study and its patient are objects of a message,
and so is the request itself, whose details are numbers of results or instances.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from xml.etree.ElementTree import Element, SubElement, tostring

from reference_server.audit.event import Code, Event
from reference_server.audit.record import Outcome, Record

ARCHIVE = "dicomweb-phantom"
DESTINATION = Code("110152", "Destination Role ID")
SOURCE = Code("110153", "Source Role ID")
STUDY_UID = Code("110180", "Study Instance UID")
PATIENT_NUMBER = Code("2", "Patient Number")
URI = Code("12", "URI")
PERSON, SYSTEM_OBJECT = "1", "2"
PATIENT, REPORT, SECURITY_RESOURCE, QUERY = "1", "3", "13", "24"  # ParticipantObjectTypeCodeRole
APPLICATION_SERVER = "4"
MACHINE_NAME, IP_ADDRESS = "1", "2"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def audit_message(record: Record, source: str) -> bytes:
    """Return the audit message of a record; `source` is the URL or the name of this archive."""
    message = Element("AuditMessage")
    _event(message, record)
    requestor, archive = _roles(record)
    named = _text(record.name)
    asking = _participant(message, named, requestor, requests=True)
    if record.address:
        asking.set("NetworkAccessPointID", _text(record.address))
        asking.set("NetworkAccessPointTypeCode", _access_point_type(record.address))
    _participant(message, ARCHIVE, archive, requests=False)
    origin = SubElement(message, "AuditSourceIdentification", AuditSourceID=_text(source))
    SubElement(origin, "AuditSourceTypeCode", {"csd-code": APPLICATION_SERVER})
    _objects(message, record)
    content: bytes = tostring(message, encoding="utf-8", xml_declaration=True)
    return content


def moment(at: float) -> str:
    """Return seconds since the epoch as a time in UTC (ISO 8601, XML Schema dateTime)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _event(message: Element, record: Record) -> None:
    event = SubElement(
        message,
        "EventIdentification",
        EventActionCode=record.event.action,
        EventDateTime=moment(record.at),
        EventOutcomeIndicator=str(int(record.outcome)),
    )
    _coded(event, "EventID", record.event.code)
    if record.event.type is not None:
        _coded(event, "EventTypeCode", record.event.type)
    if record.outcome is not Outcome.SUCCESS:
        refused = f", {record.refused} instances refused" if record.refused else ""
        SubElement(event, "EventOutcomeDescription").text = f"HTTP status {record.status}{refused}"


def _roles(record: Record) -> tuple[Code | None, Code | None]:
    """Return the roles of who asks and of the archive: whence something comes, and where it goes."""
    if record.event in (Event.QUERY, Event.RECEIVED):
        return SOURCE, DESTINATION
    return (DESTINATION, SOURCE) if record.event is Event.SENT else (None, None)


def _participant(message: Element, user: str, role: Code | None, *, requests: bool) -> Element:
    participant = SubElement(
        message, "ActiveParticipant", UserID=user, UserIsRequestor="true" if requests else "false"
    )
    if role is not None:
        _coded(participant, "RoleIDCode", role)
    return participant


def _access_point_type(address: str) -> str:
    try:
        ip_address(address)
    except ValueError:
        return MACHINE_NAME
    return IP_ADDRESS


def _objects(message: Element, record: Record) -> None:
    """Add the request, the studies, and the patients, each once."""
    role = QUERY if record.event is Event.QUERY else SECURITY_RESOURCE
    request = _object(message, (record.path, SYSTEM_OBJECT, role), URI, "RFC-3881")
    if record.event is Event.QUERY:
        query = record.query.encode("utf-8", "replace")
        SubElement(request, "ParticipantObjectQuery").text = base64.b64encode(query).decode()
    else:
        SubElement(request, "ParticipantObjectName").text = _text(f"{record.method} {record.path}")
    for name, value in _details(record):
        encoded = base64.b64encode(value.encode("utf-8", "replace")).decode()
        SubElement(request, "ParticipantObjectDetail", type=name, value=encoded)
    for uid, _ in record.studies:
        study = _object(message, (uid, SYSTEM_OBJECT, REPORT), STUDY_UID, "DCM")
        SubElement(study, "ParticipantObjectName").text = _text(uid)
    for patient_id in sorted({patient for _, patient in record.studies if patient}):
        patient = _object(message, (patient_id, PERSON, PATIENT), PATIENT_NUMBER, "RFC-3881")
        SubElement(patient, "ParticipantObjectName").text = _text(patient_id)


def _object(message: Element, described: tuple[str, str, str], code: Code, system: str) -> Element:
    identifier, kind, role = described
    participant = SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_text(identifier),
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(participant, "ParticipantObjectIDTypeCode", code, system)
    return participant


def _details(record: Record) -> Iterator[tuple[str, str]]:
    yield "method", record.method
    yield "status", str(record.status)
    yield "principal", record.kind
    for name, value in (("number", record.number), ("refused", record.refused), ("asked", record.asked)):
        if value is not None:
            yield name, str(value)
    if record.query and record.event is not Event.QUERY:
        yield "query", record.query


def _coded(parent: Element, name: str, code: Code, system: str = "DCM") -> None:
    attributes = {"csd-code": code.value, "codeSystemName": system, "originalText": code.meaning}
    SubElement(parent, name, attributes)


def _text(text: str) -> str:
    """Return a text as XML can hold it."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
