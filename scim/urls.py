"""Addresses below /scim/v2/. Every one is answered in SCIM's form, those that are none too."""

from collections.abc import Callable
from typing import cast

from django.http import HttpResponse
from django.urls import URLPattern, re_path
from django.views import View

from clockwise.tenancy.middleware import calls_outside
from scim.views import discovery, protocol, resources


def _acting_by_token(view: type[View]) -> Callable[..., HttpResponse]:
    """The token decides the organization, so the views open their own transactions."""
    function = cast(Callable[..., HttpResponse], view.as_view())
    function.refuses_methods = True  # type: ignore[attr-defined]
    return calls_outside(function)


def _at(pattern: str, view: type[View], name: str) -> URLPattern:
    return re_path(f"^{pattern}/?$", _acting_by_token(view), name=name)


app_name = "scim"
urlpatterns = [
    _at("scim/v2", resources.SearchView, "root"),
    _at(r"scim/v2/(?:(?P<endpoint>\w+)/)?\.search", resources.SearchView, "search"),
    _at("scim/v2/Bulk", resources.BulkView, "bulk"),
    _at("scim/v2/Me", protocol.MeView, "me"),
    _at("scim/v2/ServiceProviderConfig", discovery.ServiceProviderConfigView, "service-provider-config"),
    _at("scim/v2/ResourceTypes(?:/(?P<uuid>[^/]+))?", discovery.ResourceTypesView, "resource-types"),
    _at("scim/v2/Schemas(?:/(?P<uuid>[^/]+))?", discovery.SchemasView, "schemas"),
    _at(r"scim/v2/(?P<endpoint>\w+)(?:/(?P<uuid>[^/]+))?", resources.ResourcesView, "resources"),
    re_path(r"^scim/v2/.*", _acting_by_token(protocol.UnknownView), name="unknown"),
]
