"""The glue: the library's documented hooks scope by the token's tenant."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django_scim.filters import GroupFilterQuery, UserFilterQuery


def tenant_filter(model: Any) -> Callable[..., dict[str, Any]]:
    def only_this_tenant(request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # Searches are scoped by `get_extras`, as its docstring shows; thinning their rows again would hide what it lets
        # through, and it is done in Python over all tenants' rows.
        return {} if "filter" in request.GET else {"tenant_id": request.tenant_id}  # type: ignore[attr-defined]

    return only_this_tenant


class Users(UserFilterQuery):  # type: ignore[misc]
    @classmethod
    def get_extras(cls, q: Any, request: Any = None) -> tuple[str, list[Any]]:
        """The example of the library's own docstring."""
        return "AND tenant_id = %s", [request.tenant_id]


class Groups(GroupFilterQuery):  # type: ignore[misc]
    @classmethod
    def get_extras(cls, q: Any, request: Any = None) -> tuple[str, list[Any]]:
        return "AND tenant_id = %s", [request.tenant_id]
