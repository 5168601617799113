"""What one request did, in sentences, for the provisioning log; and the log's entries."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from clockwise import clock
from clockwise.encryption.blind_index import organization_index
from clockwise.tenancy.current import require_organization_id
from scim.models import ProvisioningEntry
from scim.schema.attributes import Json

LONGEST_BODY = 16_000
MASK = "masked-"
# Words of the protocol, of which a replay needs the very ones.
_KEPT_KEYS = frozenset({"schemas", "op", "path", "type", "primary", "active", "bulkid", "method", "$ref", "operations"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_KINDS = frozenset(
    {"work", "home", "other", "mobile", "fax", "pager", "photo", "thumbnail", "user", "group", "true", "false"}
)


@dataclass
class Journal:
    """Collects what is done while a request is carried out."""

    resource_id: UUID | None = None
    resource_type: str = ""
    action: str = ""
    did: list[str] = field(default_factory=list)
    is_alert: bool = False

    def about(self, action: str, resource_type: str, resource_id: UUID | None) -> None:
        self.action, self.resource_type, self.resource_id = action, resource_type, resource_id

    def say(self, sentence: str) -> None:
        self.did.append(sentence)

    def alert(self, sentence: str) -> None:
        """Something that somebody has to look at."""
        self.did.append(sentence)
        self.is_alert = True


def keep(
    journal: Journal, *, token_id: UUID, method: str, path: str, query: str, body: Any, status: int, agent: str
) -> None:
    """Write the log's entry, personal values masked, in the transaction of what it tells of."""
    mask = _Mask()
    ProvisioningEntry.objects.create(
        at=clock.now(),
        token_id=token_id,
        resource_id=journal.resource_id,
        resource_type=journal.resource_type,
        action=journal.action or method.lower(),
        status=status,
        is_alert=journal.is_alert,
        body={
            "method": method,
            "path": path[:500],
            "query": mask.filter(query)[:2000],
            "body": mask.body(body),
            "did": list(journal.did),
            "agent": agent[:200],
        },
    )


class _Mask:
    """Equal values get equal masks inside an organization, so that a replayed request means the same."""

    def __init__(self) -> None:
        self._organization_id = require_organization_id()

    def body(self, body: Any) -> Any:
        masked = self._value(body, "")
        text = json.dumps(masked)
        return masked if len(text) <= LONGEST_BODY else {"cut": True, "begins": text[:LONGEST_BODY]}

    def filter(self, text: str) -> str:
        return _QUOTED.sub(lambda match: f'"{self._text(match[1])}"', text)

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name[:200]: self._value(inner, name.lower()) for name, inner in list(value.items())[:200]}
        if isinstance(value, list):
            return [self._value(inner, key) for inner in value[:200]]
        if not isinstance(value, str):
            return value if isinstance(value, bool) or value is None or key in _KEPT_KEYS else 0
        if key == "path":
            return self.filter(value)
        return value if key in _KEPT_KEYS else self._text(value)

    def _text(self, text: str) -> str:
        if _UUID.fullmatch(text) or text.lower() in _KINDS or text.startswith(("bulkId:", "urn:ietf:params:scim:")):
            return text
        digest = organization_index(self._organization_id, "scim:masks", text.casefold()).hex()[:10]
        return f"{MASK}{digest}@masked.example" if "@" in text else f"{MASK}{digest}"


def sentences(entry: ProvisioningEntry) -> Sequence[str]:
    return [str(sentence) for sentence in entry.body.get("did", [])]


def replay(entry: ProvisioningEntry) -> Json:
    """The entry's request, ready to be sent again: to a trial organization, since its values are masks."""
    return {key: entry.body.get(key) for key in ("method", "path", "query", "body")}
