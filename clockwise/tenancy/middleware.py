"""Runs each view in the transaction of the organization that its session or token names, if the guard lets it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils.module_loading import import_string

from clockwise.tenancy import current


class TenantMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.resolvers: list[Callable[[HttpRequest], UUID | None]] = [
            import_string(path) for path in settings.TENANT_RESOLVERS
        ]
        self.refusal: Callable[[HttpRequest, Callable[..., HttpResponse]], HttpResponse | None] = import_string(
            settings.TENANT_GUARD
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """An exception leaves through the transaction, which rolls it back; a lazy response is rendered inside."""
        organization_id = self._organization_of(request)
        if organization_id is None:
            return self.refusal(request, view)
        if getattr(view, "calls_outside", False):
            with current.organization(organization_id):
                return self.refusal(request, view)
        with current.organization(organization_id):
            response = self.refusal(request, view) or view(request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    def _organization_of(self, request: HttpRequest) -> UUID | None:
        return next((found for resolve in self.resolvers if (found := resolve(request))), None)


def calls_outside(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view that talks to Google: it opens its own transactions, around that and never over it."""
    view.calls_outside = True  # type: ignore[attr-defined]
    return view
