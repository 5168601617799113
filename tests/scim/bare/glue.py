"""The glue: the library's documented hooks scope by the token's tenant."""

import os
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django_scim.filters import GroupFilterQuery, UserFilterQuery

# Searches are scoped by `get_extras`, as its docstring shows; else by the one hook that the settings have for tenants:
# in Python, over the rows of all of them.
BY_SUFFIX = os.environ.get("BARE_SCOPE", "suffix") == "suffix"


def tenant_filter(model: Any) -> Callable[..., dict[str, Any]]:
    def only_this_tenant(request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # Thinning what the suffix let through would hide what it should not have.
        if BY_SUFFIX and "filter" in request.GET:
            return {}
        return {"tenant_id": request.tenant_id}  # type: ignore[attr-defined]

    return only_this_tenant


class Users(UserFilterQuery):  # type: ignore[misc]
    @classmethod
    def get_extras(cls, q: Any, request: Any = None) -> tuple[str, list[Any]]:
        """The example of the library's own docstring."""
        return ("AND tenant_id = %s", [request.tenant_id]) if BY_SUFFIX else ("", [])


class Groups(GroupFilterQuery):  # type: ignore[misc]
    @classmethod
    def get_extras(cls, q: Any, request: Any = None) -> tuple[str, list[Any]]:
        return ("AND tenant_id = %s", [request.tenant_id]) if BY_SUFFIX else ("", [])
