"""The consent page: choose an account, untick scopes, allow or cancel. No password is asked for.

Documented at developers.google.com/identity/protocols/oauth2/web-server#obtainingaccesstokens.
"""

import html
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from calendars.emulator.errors import OAuthError
from calendars.emulator.state import Code, Person, State

Json = dict[str, Any]
Form = dict[str, list[str]]
API = "https://www.googleapis.com/auth/"
# What Google calls the short names in its answers.
LONG_NAMES = {"email": API + "userinfo.email", "profile": API + "userinfo.profile"}
# These cannot be unticked.
IDENTITY = ("openid", *LONG_NAMES.values())
KEPT = (
    "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method", "access_type", "prompt",
    "response_type", "include_granted_scopes", "max_age",
)  # fmt: skip
CODE_LIFETIME = timedelta(minutes=10)


def page(state: State, query: dict[str, str]) -> str:
    """Raises OAuthError for an unknown client, a foreign redirect address or a wrong request."""
    _check(state, query)
    scopes = scopes_in([query.get("scope", "")])
    hidden = [_hidden(name, query[name]) for name in KEPT if name in query]
    hidden += [_hidden("scope", scope) for scope in scopes if scope in IDENTITY]
    ticks = [_tick(scope) for scope in scopes if scope not in IDENTITY]
    hint = query.get("login_hint", "").lower()
    people = [_option(person, hint) for person in state.people.values() if not person.is_suspended]
    return PAGE.format(hidden="".join(hidden), ticks="".join(ticks), people="".join(people))


def decide(state: State, query: dict[str, str], form: Form) -> str:
    """Where the browser goes with the person's decision: with a code, or with an error."""
    one = query | {key: values[-1] for key, values in form.items()}
    _check(state, one)
    person = state.people.get(one.get("email", "").lower())
    if one.get("decision") != "allow" or person is None or person.is_suspended:
        return _back(one, error="access_denied")
    asked = scopes_in([query.get("scope", "")])
    granted = dict.fromkeys([*scopes_in(form.get("scope", ())), *(scope for scope in asked if scope in IDENTITY)])
    before = state.grants.get(person.email)
    if one.get("include_granted_scopes") == "true" and before is not None and before.is_live:
        granted |= dict.fromkeys(before.scopes)
    code = "4/" + secrets.token_urlsafe(24)
    state.codes[code] = Code(
        email=person.email,
        scopes=list(granted),
        redirect_uri=one["redirect_uri"],
        challenge=one.get("code_challenge", ""),
        nonce=one.get("nonce", ""),
        offline=one.get("access_type") == "offline",
        asked_again="consent" in one.get("prompt", "").split(),
        expires_at=state.now() + CODE_LIFETIME,
        asked_at=int(state.now().timestamp()) if one.get("max_age") else None,
    )
    return _back(one, code=code, scope=" ".join(granted))


def scopes_in(values: Any) -> list[str]:
    """By Google's long names, without repetition."""
    names = [LONG_NAMES.get(name, name) for value in values for name in value.split()]
    return list(dict.fromkeys(names))


def _check(state: State, query: dict[str, str]) -> None:
    if query.get("client_id") != state.client_id:
        raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
    redirect = query.get("redirect_uri", "")
    known = not state.redirect_uris or redirect in state.redirect_uris
    if urlsplit(redirect).scheme not in ("http", "https") or not known:
        raise OAuthError("redirect_uri_mismatch", "The redirect_uri is not one of this client's.")
    if query.get("response_type", "code") != "code":
        raise OAuthError("unsupported_response_type", "Only the code flow is emulated.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The emulator takes S256 challenges only.")


def _back(one: dict[str, str], **answer: str) -> str:
    """To the redirect address, whose own query stays."""
    given = {"state": one["state"]} if "state" in one else {}
    mark = "&" if urlsplit(one["redirect_uri"]).query else "?"
    return f"{one['redirect_uri']}{mark}{urlencode({**given, **answer})}"


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{html.escape(value)}">'


def _tick(scope: str) -> str:
    text = html.escape(scope)
    return f'<label><input type="checkbox" name="scope" value="{text}" checked> {text.removeprefix(API)}</label>'


def _option(person: Person, hint: str) -> str:
    email = html.escape(person.email)
    chosen = " selected" if person.email == hint else ""
    return f'<option value="{email}"{chosen}>{html.escape(person.name)} ({email})</option>'


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Sign in to the emulated Google</title><style>
:root{{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}}
body{{display:grid;min-height:90vh;place-items:center;margin:1rem}}
main{{max-width:30rem;border:1px solid #8886;border-radius:12px;padding:2rem}}h1{{font-size:1.3rem;margin:0 0 .5rem}}
label{{display:block;font-size:.85rem;overflow-wrap:anywhere;margin:.25rem 0}}
select{{width:100%;padding:.6rem;margin:.5rem 0 1rem;font:inherit}}
button{{padding:.6rem 1.2rem;font:inherit;border-radius:8px;border:1px solid #8886;cursor:pointer}}
button[value=allow]{{background:#5151cd;color:#fff}}</style></head><body><main>
<h1>Choose an account</h1><p>This is an emulated Google for demo and tests. No password is needed.</p>
<form method="post"><label for="email">Sign in as</label><select name="email" id="email">{people}</select>
<p>The application wants to know who you are, and to use:</p>{ticks}{hidden}
<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Cancel</button></p></form>
</main></body></html>"""
