"""The console's part of the side navigation."""

from typing import Any

from django import template

from clockwise.organizations import console
from clockwise.organizations.requests import member_of

register = template.Library()


@register.simple_tag(takes_context=True)
def console_sections(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Sections that the signed-in member may open: `label`, `icon`, `url_name`, `is_current`."""
    request = context.get("request")
    member = member_of(request) if request is not None else None
    if request is None or member is None:
        return []
    here = request.resolver_match.view_name if request.resolver_match else ""
    return [
        {
            "label": found.label,
            "icon": found.icon,
            "url_name": found.url_name,
            "is_current": here.startswith(found.prefix),
        }
        for found in console.sections_for(member)
    ]
