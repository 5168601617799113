"""PATCH (RFC 7644, section 3.5.2) on a document: all operations or none, then checked as a whole.

Memberships of groups aren't in the document, since a group may have ten thousand: operations on `members` come out as
changes that `scim/groups.py` makes in the table.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from scim import documents
from scim.documents import UNASSIGNED
from scim.errors import ScimError, invalid_path, invalid_syntax, invalid_value, mutability, no_target
from scim.filters.bound import All, Bound, Element, Test, bind_elements
from scim.filters.evaluate import predicate
from scim.filters.parser import Path, parse_path
from scim.schema.attributes import Attribute, Json
from scim.schema.registry import AttributePath, ResourceType

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_OPERATIONS = 1000


@dataclass(frozen=True)
class MembersChange:
    """`verb`: add, remove or replace. Removes `ids`, all members, or those that meet `matching`."""

    verb: str
    ids: tuple[str, ...] = ()
    everybody: bool = False
    matching: Bound | None = None


@dataclass
class Patched:
    document: Json
    members: list[MembersChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Operation:
    verb: str
    path: str
    value: Any
    has_value: bool


def apply(kind: ResourceType, document: Json, body: Json, *, tolerant: bool = False) -> Patched:
    """A changed copy of the document, and the membership changes. `document` stays as it is.

    `tolerant`: a replace on an element that isn't there makes it (Entra).
    Raises ScimError: 400 `invalidSyntax`, `invalidPath`, `invalidValue`, `mutability`, `noTarget`.
    """
    operations = _operations(body)
    patched = Patched(copy.deepcopy(document))
    for operation in operations:
        _apply(kind, patched, operation, tolerant)
    documents.ensure_valid(kind, patched.document)
    documents.ensure_immutables_kept(kind, document, patched.document)
    return patched


def member_ids(value: Any) -> tuple[str, ...]:
    """The ids in a list of members; one object and bare ids are understood."""
    if value is None:
        return ()
    ids = []
    for each in value if isinstance(value, list) else [value]:
        found = each
        if isinstance(each, dict):
            found = next((inner for name, inner in each.items() if name.lower() == "value"), None)
        if not isinstance(found, str):
            raise invalid_value("Each of members must have a value that is a text.")
        ids.append(found)
    return tuple(dict.fromkeys(ids))


def _operations(body: Json) -> list[_Operation]:
    fields = {name.lower(): value for name, value in body.items()}
    schemas = fields.get("schemas")
    if schemas and (not isinstance(schemas, list) or PATCH_OP not in schemas):
        raise invalid_syntax(f"schemas must be [{PATCH_OP}].")
    operations = fields.get("operations")
    if not isinstance(operations, list) or not operations:
        raise invalid_syntax("Operations must be a list of at least one operation.")
    if len(operations) > MOST_OPERATIONS:
        raise invalid_value(f"There are more than {MOST_OPERATIONS} operations.")
    return [_operation(entry) for entry in operations]


def _operation(entry: Any) -> _Operation:
    if not isinstance(entry, dict):
        raise invalid_syntax("Each operation must be an object.")
    fields = {name.lower(): value for name, value in entry.items()}
    verb, path = fields.get("op"), fields.get("path")
    if not isinstance(verb, str) or verb.lower() not in {"add", "remove", "replace"}:
        raise invalid_syntax("op must be add, remove or replace.")
    if path is not None and not isinstance(path, str):
        raise invalid_path("path must be a text.")
    operation = _Operation(verb.lower(), (path or "").strip(), fields.get("value"), "value" in fields)
    if operation.verb != "remove" and not operation.has_value:
        raise invalid_value(f"{operation.verb} needs a value.")
    return operation


def _apply(kind: ResourceType, patched: Patched, operation: _Operation, tolerant: bool) -> None:
    if not operation.path:
        _apply_without_path(kind, patched, operation)
        return
    extension = kind.extension(operation.path)
    if extension is not None:
        value = {extension.schema.id: operation.value}
        if operation.verb == "remove":
            patched.document.pop(extension.schema.id, None)
        else:
            _apply_without_path(kind, patched, _Operation(operation.verb, "", value, True))
        return
    path = parse_path(operation.path)
    found = kind.path(path.name)
    if found is None:
        raise invalid_path("path names an attribute that this resource doesn't have.")
    if found.target.mutability == "readOnly" or found.attribute.mutability == "readOnly":
        raise mutability(f"{found.target.name} is read-only.")
    if found.attribute.name == "members" and kind.name == "Group":
        patched.members.append(_members_change(found, path, operation))
    elif path.inner is not None:
        _change_elements(patched.document, _bound(found, path), path.sub, operation, tolerant)
    elif found.sub is not None:
        _change_sub(patched.document, found, operation)
    else:
        _change_attribute(patched.document, found.attribute, operation)


def _apply_without_path(kind: ResourceType, patched: Patched, operation: _Operation) -> None:
    """The value's attributes, each by itself. Okta repeats id, Entra adds a schema of its own: both passed over."""
    if operation.verb == "remove":
        raise no_target("remove needs a path.")
    if not isinstance(operation.value, dict):
        raise invalid_value("Without a path the value must be an object of attributes.")
    for name, value in operation.value.items():
        extension = kind.extension(name)
        if extension is not None:
            inner = value if isinstance(value, dict) else {}
            pairs = [(f"{extension.schema.id}:{key}", each) for key, each in inner.items()]
        else:
            pairs = [(name, value)]
        for key, each in pairs:
            _assign(kind, patched, _Operation(operation.verb, key, each, True))


def _assign(kind: ResourceType, patched: Patched, operation: _Operation) -> None:
    if "[" in operation.path:
        _apply(kind, patched, operation, tolerant=True)
        return
    found = kind.path(operation.path)
    if found is None or "readOnly" in {found.target.mutability, found.attribute.mutability}:
        return
    if found.attribute.name == "schemas":
        return
    if found.attribute.name == "members" and kind.name == "Group":
        patched.members.append(_members_change(found, Path(operation.path), operation))
    elif found.sub is not None:
        _change_sub(patched.document, found, operation)
    else:
        _change_attribute(patched.document, found.attribute, operation)


def _bound(found: AttributePath, path: Path) -> Element:
    if path.inner is None or found.sub is not None:
        raise invalid_path("A filter in brackets stands behind an attribute, not behind a sub-attribute.")
    if path.sub and found.attribute.sub(path.sub) is None:
        raise invalid_path("path names a sub-attribute that there is not.")
    try:
        return bind_elements(found.attribute, path.inner)
    except ScimError as error:
        raise invalid_path(error.detail) from None


def _members_change(found: AttributePath, path: Path, operation: _Operation) -> MembersChange:
    if found.sub is not None or path.sub:
        raise mutability("A member's parts can't be changed: remove it and add another.")
    if path.inner is not None:
        matching = _bound(found, path).inner
        if operation.verb == "remove":
            ids = _ids_of(matching)
            return MembersChange("remove", ids) if ids else MembersChange("remove", matching=matching)
        raise mutability("A member can't be changed: remove it and add another.")
    if operation.verb == "remove":
        ids = member_ids(operation.value)
        return MembersChange("remove", ids, everybody=not ids and not operation.value)
    return MembersChange(operation.verb, member_ids(operation.value))


def _ids_of(matching: Bound) -> tuple[str, ...]:
    """The one id of `members[value eq "id"]`, which is how every provider removes a member."""
    if isinstance(matching, Test) and matching.operator == "eq" and matching.path.target.name == "value":
        return (str(matching.value),)
    return ()


def _change_attribute(document: Json, attribute: Attribute, operation: _Operation) -> None:
    container = documents.container_of(document, attribute)
    present = container.get(attribute.name)
    if operation.verb == "remove" or operation.value is None:
        _remove(document, attribute, operation)
        return
    taken = documents.coerce(attribute, operation.value)
    if attribute.returned == "never":
        return
    if attribute.is_complex and not attribute.multi_valued:
        given = {} if taken is UNASSIGNED else taken
        documents.put(document, attribute, _merged(attribute, present, operation.value, given))
    elif taken is UNASSIGNED:
        if operation.verb == "replace":
            documents.put(document, attribute, UNASSIGNED)
    elif attribute.multi_valued:
        kept = present if operation.verb == "add" and present else []
        _put_elements(document, attribute, [*kept, *taken], touched=taken)
    else:
        documents.put(document, attribute, taken)


def _merged(attribute: Attribute, present: Json | None, sent: Any, taken: Json) -> Any:
    """A complex value with the sent sub-attributes in it; those sent as null go."""
    merged = {**(present or {}), **taken}
    for name in sent if isinstance(sent, dict) else ():
        sub = attribute.sub(name)
        if sub is not None and sub.name not in taken and sub.mutability != "readOnly":
            merged.pop(sub.name, None)
    return merged or UNASSIGNED


def _remove(document: Json, attribute: Attribute, operation: _Operation) -> None:
    if attribute.required:
        raise mutability(f"{attribute.name} is required and can't be removed.")
    present = documents.container_of(document, attribute).get(attribute.name)
    if attribute.multi_valued and operation.value and present:
        doomed = documents.coerce(attribute, operation.value)
        kept = [element for element in present if not _is_among(element, doomed)]
        documents.put(document, attribute, kept or UNASSIGNED)
    else:
        documents.put(document, attribute, UNASSIGNED)


def _is_among(element: Any, doomed: Any) -> bool:
    """Whether a value to remove says all that it says as the element does."""
    return any(
        each == element
        or (isinstance(each, dict) and isinstance(element, dict) and all(element.get(k) == v for k, v in each.items()))
        for each in doomed
    )


def _change_sub(document: Json, found: AttributePath, operation: _Operation) -> None:
    """`name.givenName`, or `emails.value`: that sub-attribute of every element."""
    attribute, sub = found.attribute, found.target
    present = documents.container_of(document, attribute).get(attribute.name)
    objects: list[Json] = (present or []) if attribute.multi_valued else [present or {}]
    if not objects and operation.verb != "remove":
        objects = [{}]
    for each in objects:
        _set_sub(each, sub, operation)
    kept = [each for each in objects if each]
    if attribute.multi_valued:
        _put_elements(document, attribute, kept, touched=kept[-1:])
    else:
        documents.put(document, attribute, kept[0] if kept else UNASSIGNED)


def _set_sub(element: Json, sub: Attribute, operation: _Operation) -> None:
    taken = UNASSIGNED if operation.verb == "remove" else documents.coerce(sub, operation.value)
    if taken is not UNASSIGNED:
        element[sub.name] = taken
    elif sub.required:
        raise mutability(f"{sub.name} is required and can't be removed.")
    else:
        element.pop(sub.name, None)


def _change_elements(document: Json, element: Element, sub_name: str, operation: _Operation, tolerant: bool) -> None:
    """`emails[type eq "work"]` and `emails[type eq "work"].value`."""
    attribute, holds = element.attribute, predicate(element.inner)
    container = documents.container_of(document, attribute)
    present = container.get(attribute.name) or []
    objects: list[Json] = present if isinstance(present, list) else [present]
    matching = [each for each in objects if holds(each)]
    if not matching:
        if operation.verb == "remove" or (operation.verb == "replace" and not tolerant):
            raise no_target("No value meets the filter in path.")
        matching = [_described_by(element)]
        objects = [*objects, *matching]
    if operation.verb == "remove" and not sub_name:
        kept = [each for each in objects if not holds(each)]
    else:
        for each in matching:
            _change_element(each, attribute, sub_name, operation)
        kept = [each for each in objects if each]
    if attribute.multi_valued:
        _put_elements(document, attribute, kept, touched=matching)
    else:
        documents.put(document, attribute, kept[0] if kept else UNASSIGNED)


def _change_element(each: Json, attribute: Attribute, sub_name: str, operation: _Operation) -> None:
    sub = attribute.sub(sub_name) if sub_name else None
    if sub is not None:
        if sub.mutability == "readOnly":
            raise mutability(f"{sub.name} is read-only.")
        _set_sub(each, sub, operation)
        return
    taken = documents.coerce_single(attribute, operation.value)
    if not isinstance(taken, dict):
        raise invalid_value(f"A value of {attribute.name} must be an object.")
    each.update(taken)


def _described_by(element: Element) -> Json:
    """A new element of which the filter's equalities hold: `type eq "work"` makes one of type work."""
    made: Json = {}
    for part in element.inner.parts if isinstance(element.inner, All) else (element.inner,):
        if not (isinstance(part, Test) and part.operator == "eq" and part.value is not None):
            raise no_target("No value meets the filter in path, and it doesn't say what a new one would be.")
        made[part.path.target.name] = part.value
    return made


def _put_elements(document: Json, attribute: Attribute, elements: list[Any], *, touched: list[Any]) -> None:
    """A list of which at most one element is primary: the one that was set last (RFC 7644, section 3.5.2)."""
    elements = documents.without_repeats(elements)
    primary = documents.primary_elements(elements)
    if len(primary) > 1:
        newly = [each for each in primary if any(each is one for one in touched)] or primary
        for each in primary:
            if each is not newly[-1]:
                each["primary"] = False
    documents.put(document, attribute, elements or UNASSIGNED)
