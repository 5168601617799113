"""The committed front end: made by rule, strict about content security, and readable."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import get_template, render_to_string

from clockwise.management.commands import build_ui
from clockwise.templatetags import ui

TEMPLATES = Path(settings.BASE_DIR) / "templates"
FORBIDDEN = {
    "style attribute": r"\sstyle\s*=",
    "inline style": r"<style",
    "inline script": r"<script(?![^>]*\ssrc=)",
    "event attribute": r"\son[a-z]+\s*=",
    "hx-on": r"hx-on",
    "evaluated value": r"[\"'{]\s*(js|javascript):",
    "trigger filter": r"hx-trigger=\"[^\"]*\[",
}


def test_the_committed_grid_is_what_its_rule_makes() -> None:
    assert (build_ui.STATIC / "grid.css").read_text() == build_ui.grid_css()


def test_the_committed_sprite_holds_exactly_the_icons_that_are_used() -> None:
    assert (build_ui.STATIC / "icons.svg").read_text() == build_ui.icon_sprite(build_ui.icons_used(TEMPLATES))


def test_colours_are_told_apart_in_light_and_dark() -> None:
    assert build_ui.contrast_problems((build_ui.STATIC / "app.css").read_text()) == []


def test_a_colour_that_is_too_pale_is_reported_by_name() -> None:
    css = (
        (build_ui.STATIC / "app.css").read_text().replace("--muted: light-dark(#60646c", "--muted: light-dark(#a0a4ac")
    )

    assert any(problem.startswith("--muted on --surface (light): 2.") for problem in build_ui.contrast_problems(css))


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert build_ui.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_building_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.css").write_text((build_ui.STATIC / "app.css").read_text())
    committed = build_ui.STATIC
    monkeypatch.setattr(build_ui, "STATIC", tmp_path)

    call_command("build_ui")

    for name in ("grid.css", "icons.svg"):
        assert (tmp_path / name).read_text() == (committed / name).read_text()


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_needs_more_than_the_strict_policy(template: Path) -> None:
    html = template.read_text()

    assert [name for name, pattern in FORBIDDEN.items() if re.search(pattern, html)] == []


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_every_template_compiles(template: Path) -> None:
    assert get_template(str(template.relative_to(TEMPLATES)))


def test_the_script_evaluates_nothing() -> None:
    script = (build_ui.STATIC / "app.js").read_text()

    assert re.findall(r"\beval\(|new Function|innerHTML|\bimport\b(?=.*from)", script) == []


def test_the_third_party_files_are_the_ones_that_were_reviewed() -> None:
    digests = {
        "vendor/htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
        "fonts/inter-latin-wght-normal.woff2": "3100e775e8616cd2611beecfa23a4263d7037586789b43f035236a2e6fbd4c62",
    }

    for name, digest in digests.items():
        assert hashlib.sha256((build_ui.STATIC / name).read_bytes()).hexdigest() == digest


def test_no_file_names_a_source_map_that_is_not_there() -> None:
    texts = [path.read_text() for path in build_ui.STATIC.rglob("*") if path.suffix in {".js", ".css"}]

    assert texts
    assert not any("sourceMappingURL" in text for text in texts)


@pytest.mark.parametrize("page", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_error_pages_need_neither_request_nor_database(page: str) -> None:
    html = render_to_string(page)

    assert html.count("<h1>") == 1
    assert 'id="main"' in html
    assert "<script" not in html


@pytest.mark.parametrize(
    "reason",
    [
        "not_configured",
        "trip_unknown",
        "refused",
        "tampered",
        "unavailable",
        "no_workspace",
        "inactive",
        "address_reassigned",
    ],
)
def test_every_refused_sign_in_is_explained_on_one_page(reason: str) -> None:
    html = render_to_string("organizations/sign_in_problem.html", {"reason": reason})

    assert html.count("<h1>") == 1
    assert f'data-reason="{reason}"' in html


def test_the_landing_page_has_one_way_in() -> None:
    html = render_to_string("organizations/landing.html", {"missing_settings": []})

    assert html.count('href="/accounts/google/login?connect=calendar"') == 1


def test_the_landing_page_names_the_settings_that_are_missing() -> None:
    html = render_to_string("organizations/landing.html", {"missing_settings": ["GOOGLE_CLIENT_ID"]})

    assert "Set GOOGLE_CLIENT_ID in the environment" in html
    assert "/accounts/google/login" not in html


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 m"), (45, "45 m"), (60, "1 h"), (630, "10 h 30 m"), (-90, "\N{MINUS SIGN}1 h 30 m")],
)
def test_durations_are_written_as_people_read_them(minutes: int, text: str) -> None:
    assert ui.duration(minutes) == text


def test_a_gain_carries_its_sign() -> None:
    assert ui.change(210) == "+3 h 30 m"
    assert ui.change(-15) == "\N{MINUS SIGN}15 m"


def test_an_icon_is_hidden_from_screen_readers() -> None:
    html = Template('{% load ui %}{% icon "globe" 12 %}').render(Context())

    assert 'aria-hidden="true"' in html
    assert "icons.svg#globe" in html


@pytest.mark.parametrize(("cookie", "attribute"), [("dark", ' data-theme="dark"'), ("", ""), ('"><script>', "")])
def test_the_theme_comes_from_the_cookie_if_it_is_one_of_ours(cookie: str, attribute: str) -> None:
    request = HttpRequest()
    request.COOKIES["theme"] = cookie

    assert ui.theme_attribute({"request": request}) == attribute
