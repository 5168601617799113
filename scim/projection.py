"""What of a resource is answered: `attributes` and `excludedAttributes` (RFC 7644, section 3.9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim.schema.attributes import Attribute, Json
from scim.schema.registry import ResourceType


@dataclass(frozen=True)
class Projection:
    """Names as the client sent them. Unknown ones are passed over; `attributes` wins where both are given."""

    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def wants(self, kind: ResourceType, name: str) -> bool:
        """Whether a core attribute that costs a query is asked for."""
        paths = [path for text in self.attributes if (path := kind.path(text))]
        if self.attributes:
            return any(path.attribute.name == name for path in paths)
        hidden = [path for text in self.excluded if (path := kind.path(text))]
        return not any(path.attribute.name == name and path.sub is None for path in hidden)

    def project(self, kind: ResourceType, resource: Json) -> Json:
        """The resource without what isn't asked for. What is always returned stays, what never is goes."""
        wanted = _Names.of(kind, self.attributes) if self.attributes else NOTHING
        hidden = _Names.of(kind, self.excluded) if self.excluded and not self.attributes else NOTHING
        shown = _shown(kind.attributes, resource, wanted, hidden, restricted=bool(self.attributes))
        for extension in kind.extensions:
            urn = extension.schema.id
            part = resource.get(urn)
            if not isinstance(part, dict) or urn in hidden.schemas:
                continue
            restricted = bool(self.attributes) and urn not in wanted.schemas
            kept = _shown(extension.schema.by_name, part, wanted, hidden, restricted=restricted)
            if kept:
                shown[urn] = kept
        return shown


def of(attributes: Any, excluded: Any) -> Projection:
    """From a URL's comma-separated text or a search message's list."""
    return Projection(_names(attributes), _names(excluded))


@dataclass(frozen=True)
class _Names:
    """Paths in the registry's spelling, and URNs of whole extensions."""

    paths: frozenset[str] = frozenset()
    subs: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()

    @classmethod
    def of(cls, kind: ResourceType, names: tuple[str, ...]) -> "_Names":
        found = [path for name in names if (path := kind.path(name))]
        extensions = [extension for name in names if (extension := kind.extension(name))]
        return cls(
            frozenset(path.key for path in found if path.sub is None),
            frozenset(path.key for path in found if path.sub is not None),
            frozenset(extension.schema.id for extension in extensions),
        )


NOTHING = _Names()


def _names(given: Any) -> tuple[str, ...]:
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    return tuple(name.strip() for name in listed if isinstance(name, str) and name.strip())


def _shown(
    attributes: Mapping[str, Attribute], container: Json, wanted: _Names, hidden: _Names, *, restricted: bool
) -> Json:
    shown: Json = {}
    for name, value in container.items():
        attribute = attributes.get(name.lower())
        if attribute is None or attribute.returned == "never":
            continue
        key = f"{attribute.schema}:{attribute.name}" if attribute.schema else attribute.name
        if attribute.returned == "always" or key in wanted.paths:
            shown[name] = value
        elif restricted or attribute.returned == "request":
            subs = {path.rpartition(".")[2] for path in wanted.subs if path.rpartition(".")[0] == key}
            _keep(shown, name, _only(value, subs) if subs else None)
        elif key not in hidden.paths:
            subs = {path.rpartition(".")[2] for path in hidden.subs if path.rpartition(".")[0] == key}
            _keep(shown, name, _without(value, subs) if subs else value)
    return shown


def _keep(shown: Json, name: str, value: Any) -> None:
    if value is not None and value != {} and value != []:
        shown[name] = value


def _only(value: Any, subs: set[str]) -> Any:
    if isinstance(value, list):
        return [kept for each in value if (kept := _only(each, subs))]
    return {name: inner for name, inner in value.items() if name in subs}


def _without(value: Any, subs: set[str]) -> Any:
    if isinstance(value, list):
        return [kept for each in value if (kept := _without(each, subs))]
    return {name: inner for name, inner in value.items() if name not in subs}
