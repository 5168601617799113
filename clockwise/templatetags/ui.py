"""Tags and filters that every page uses."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

THEMES = ("light", "dark")


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """An icon of the sprite, hidden from screen readers: the words beside it say the same."""
    return format_html(
        '<svg class="icon" width="{0}" height="{0}" aria-hidden="true"><use href="{1}#{2}"/></svg>',
        size,
        static("clockwise/icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def theme_attribute(context: dict[str, Any]) -> SafeString:
    """`data-theme` as the visitor chose it, so that the first paint is right; nothing if they left it to the system."""
    request: HttpRequest | None = context.get("request")
    theme = request.COOKIES.get("theme") if request else None
    return format_html(' data-theme="{}"', theme) if theme in THEMES else SafeString("")


@register.filter
def duration(minutes: int) -> str:
    """Minutes as people read them: "10 h 30 m", "45 m"; a minus sign before negative ones."""
    sign = "\N{MINUS SIGN}" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} m"] * bool(rest or not hours)
    return sign + " ".join(parts)


@register.filter
def change(minutes: int) -> str:
    """A difference in minutes with its sign: "+3 h 30 m"."""
    return f"+{duration(minutes)}" if minutes > 0 else duration(minutes)
