"""The resource types that this server knows, and the attributes that a path names in one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from django.conf import settings
from django.utils.module_loading import import_string
from django_scim.constants import SchemaURI

from scim.schema import published
from scim.schema.attributes import Attribute, Schema


@dataclass(frozen=True)
class AttributePath:
    """What `attr`, `attr.sub` or `urn:...:attr.sub` names. `sub` is set only where the path says one."""

    attribute: Attribute
    sub: Attribute | None = None

    @property
    def target(self) -> Attribute:
        return self.sub or self.attribute

    @property
    def key(self) -> str:
        """The path in the registry's spelling: `emails.value`, `urn:...:User:department`."""
        name = f"{self.attribute.schema}:{self.attribute.name}" if self.attribute.schema else self.attribute.name
        return f"{name}.{self.sub.name}" if self.sub else name


@dataclass(frozen=True)
class Extension:
    schema: Schema
    required: bool = False


@dataclass(frozen=True)
class ResourceType:
    """A resource type (RFC 7643, section 6).

    `indexed`: paths whose equality is answered by blind indexes, beside those that are unique.
    """

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Extension, ...] = ()
    indexed: frozenset[str] = frozenset()
    _paths: dict[str, AttributePath | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """Core and common attributes by lower-case name."""
        return {attribute.name.lower(): attribute for attribute in published.COMMON} | dict(self.schema.by_name)

    @cached_property
    def extension_by_urn(self) -> Mapping[str, Extension]:
        return {extension.schema.id.lower(): extension for extension in self.extensions}

    @cached_property
    def unique_paths(self) -> frozenset[str]:
        """Attributes whose values the server keeps unique inside the organization."""
        return frozenset(a.name for a in self.schema.attributes if a.uniqueness == "server")

    @cached_property
    def indexed_paths(self) -> tuple[AttributePath, ...]:
        return tuple(self._known(path) for path in sorted(self.unique_paths | self.indexed))

    def is_indexed(self, path: AttributePath) -> bool:
        """Whether equality of the attribute is answered by blind indexes."""
        return path.key in self._indexed_keys

    @cached_property
    def _indexed_keys(self) -> frozenset[str]:
        return frozenset(path.key for path in self.indexed_paths)

    def path(self, text: str) -> AttributePath | None:
        """What a path names, in any case, or None. A bare extension URN names no attribute: see `extension`."""
        key = text.lower()
        if key not in self._paths:
            if len(self._paths) > 10_000:
                self._paths.clear()
            self._paths[key] = self._find(key)
        return self._paths[key]

    def extension(self, text: str) -> Extension | None:
        return self.extension_by_urn.get(text.lower())

    def all_attributes(self) -> Iterator[Attribute]:
        yield from self.attributes.values()
        for extension in self.extensions:
            yield from extension.schema.attributes

    def _known(self, text: str) -> AttributePath:
        found = self.path(text)
        if found is None:
            raise LookupError(f"{self.name} has no attribute {text}.")
        return found

    def _find(self, text: str) -> AttributePath | None:
        attributes, rest = self._split_urn(text)
        name, _, sub_name = rest.partition(".")
        attribute = attributes.get(name)
        if attribute is None or not sub_name:
            return AttributePath(attribute) if attribute else None
        sub = attribute.sub(sub_name)
        return AttributePath(attribute, sub) if sub else None

    def _split_urn(self, text: str) -> tuple[Mapping[str, Attribute], str]:
        core = self.schema.id.lower()
        if text.startswith(f"{core}:"):
            return self.attributes, text[len(core) + 1 :]
        for urn, extension in self.extension_by_urn.items():
            if text.startswith(f"{urn}:"):
                return extension.schema.by_name, text[len(urn) + 1 :]
        return self.attributes, text


def _own_types() -> list[ResourceType]:
    user = ResourceType(
        name="User",
        endpoint="/Users",
        description="A person whom the identity provider manages",
        schema=published.schema(SchemaURI.USER),
        extensions=(Extension(published.schema(SchemaURI.ENTERPRISE_USER, is_extension=True)),),
        indexed=frozenset({"externalId", "displayName", "emails.value"}),
    )
    group = ResourceType(
        name="Group",
        endpoint="/Groups",
        description="A group of people, which becomes a team",
        schema=published.schema(SchemaURI.GROUP),
        indexed=frozenset({"externalId"}),
    )
    return [user, group]


@cache
def resource_types() -> Mapping[str, ResourceType]:
    """Every resource type by name: ours, and those of `SCIM_EXTRA_RESOURCE_TYPES` (tests have one)."""
    extra = [import_string(path) for path in settings.SCIM_EXTRA_RESOURCE_TYPES]
    return {kind.name: kind for kind in [*_own_types(), *extra]}


def by_endpoint(endpoint: str) -> ResourceType | None:
    """The type that is served at `/Users`, say; as RFC 7644 spells it."""
    return next((kind for kind in resource_types().values() if kind.endpoint == endpoint), None)


def of(name: str) -> ResourceType:
    return resource_types()[name]
