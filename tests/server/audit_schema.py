"""The schema of audit messages (PS3.15 A.5.1) as far as the archive's messages go, with rules of A.5.3.

Each element is described by its attributes (required and optional, with a pattern of their values) and by the
order and number of its children. What is not described must not occur.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

TOKEN = "(?s).+"  # blanks are collapsed before a token is looked at
BASE64 = r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"
BOOLEAN = "true|false|0|1"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one element may be; `children` is a pattern of the names of its children, a comma after each."""

    required: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    children: str = ""
    text: str = r"\s*"


CODED = Rule({"csd-code": TOKEN, "codeSystemName": TOKEN, "originalText": TOKEN}, {"displayName": TOKEN})
RULES = {
    "AuditMessage": Rule(
        children="EventIdentification,(ActiveParticipant,)+AuditSourceIdentification,"
        "(ParticipantObjectIdentification,)*"
    ),
    "EventIdentification": Rule(
        {"EventDateTime": TIME, "EventOutcomeIndicator": "0|4|8|12"},
        {"EventActionCode": "[CRUDE]"},
        "EventID,(EventTypeCode,)*(EventOutcomeDescription,)?",
    ),
    "EventID": CODED,
    "EventTypeCode": CODED,
    "EventOutcomeDescription": Rule(text="(?s).*"),
    "ActiveParticipant": Rule(
        {"UserID": "(?s).*", "UserIsRequestor": BOOLEAN},
        {
            "AlternativeUserID": "(?s).*",
            "UserName": "(?s).*",
            "NetworkAccessPointID": TOKEN,
            "NetworkAccessPointTypeCode": "[1-5]",
        },
        "(RoleIDCode,)*",
    ),
    "RoleIDCode": CODED,
    "AuditSourceIdentification": Rule(
        {"AuditSourceID": TOKEN}, {"AuditEnterpriseSiteID": TOKEN}, "(AuditSourceTypeCode,)*"
    ),
    "AuditSourceTypeCode": Rule({"csd-code": "[1-9]"}),
    "ParticipantObjectIdentification": Rule(
        {"ParticipantObjectID": TOKEN},
        {
            "ParticipantObjectTypeCode": "[1-4]",
            "ParticipantObjectTypeCodeRole": "[1-9]|1[0-9]|2[0-6]",
            "ParticipantObjectDataLifeCycle": "[1-9]|1[0-5]",
            "ParticipantObjectSensitivity": TOKEN,
        },
        "ParticipantObjectIDTypeCode,(ParticipantObjectName|ParticipantObjectQuery),(ParticipantObjectDetail,)*",
    ),
    "ParticipantObjectIDTypeCode": CODED,
    "ParticipantObjectName": Rule(text=TOKEN),
    "ParticipantObjectQuery": Rule(text=BASE64),
    "ParticipantObjectDetail": Rule({"type": TOKEN, "value": BASE64}),
}
# What A.5.3 says of the events that the archive reports: the actions, and the roles of the participants.
ACTIONS = {"110101": "R", "110104": "CRU", "110105": "D", "110112": "E", "110113": "E", "110114": "E"}
ROLES = {"110104": {"110152", "110153"}, "110112": {"110152", "110153"}}


def check_message(message: Element) -> None:
    """Hold a message against the schema and the rules of its event."""
    assert message.tag == "AuditMessage"
    _check(message)
    event = message.findall("EventIdentification/EventID")[0].attrib["csd-code"]
    assert message.findall("EventIdentification")[0].attrib["EventActionCode"] in ACTIONS[event]
    roles = {each.attrib["csd-code"] for each in message.iter("RoleIDCode")}
    assert roles == ROLES.get(event, set())
    requestors = [each.attrib["UserIsRequestor"] for each in message.iter("ActiveParticipant")]
    assert requestors.count("true") == 1


def _check(element: Element) -> None:
    rule = RULES[element.tag]
    values = {**rule.required, **rule.optional}
    assert set(rule.required) <= set(element.attrib) <= set(values), (element.tag, element.attrib)
    for name, value in element.attrib.items():
        assert re.fullmatch(values[name], value), (element.tag, name, value)
    children = "".join(f"{child.tag}," for child in element)
    assert re.fullmatch(rule.children, children), (element.tag, children)
    assert re.fullmatch(rule.text, element.text or ""), (element.tag, element.text)
    for child in element:
        _check(child)
