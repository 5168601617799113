"""Consent, tokens, identity: what developers.google.com/identity/protocols/oauth2/web-server documents."""

import base64
import hashlib
import html
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from calendars.emulator.errors import ApiError, OAuthError
from calendars.emulator.state import TOKEN_LIFETIME, Code, Grant, Person, State, Token

Json = dict[str, Any]
API = "https://www.googleapis.com/auth/"
# What Google calls the short names in its answers.
LONG_NAMES = {"email": API + "userinfo.email", "profile": API + "userinfo.profile"}
KEPT_PARAMETERS = (
    "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method", "access_type", "prompt",
    "response_type",
)  # fmt: skip


def consent_page(state: State, query: dict[str, str]) -> str:
    """The page where a person chooses the account and ticks scopes. Everything needed to sign in as anybody."""
    if query.get("client_id") != state.client_id:
        raise OAuthError("invalid_client", 401)
    scopes = [LONG_NAMES.get(scope, scope) for scope in query.get("scope", "").split()]
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(query[name])}">'
        for name in KEPT_PARAMETERS
        if name in query
    )
    ticks = "".join(
        f'<label><input type="checkbox" name="scope" value="{html.escape(scope)}" checked> {html.escape(scope)}</label>'
        for scope in scopes
    )
    hint = query.get("login_hint", "").lower()
    people = "".join(
        f'<option value="{html.escape(p.email)}"{" selected" if p.email == hint else ""}>'
        f"{html.escape(p.name)} ({html.escape(p.email)})</option>"
        for p in state.people.values()
        if not p.is_suspended
    )
    return PAGE.format(hidden=hidden, ticks=ticks, people=people)


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Sign in to the demo's Google</title><style>
:root{{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}}
body{{display:grid;min-height:90vh;place-items:center;margin:1rem}}
main{{max-width:30rem;border:1px solid #8886;border-radius:12px;padding:2rem}}h1{{font-size:1.3rem;margin:0 0 .5rem}}
label{{display:block;font-size:.85rem;overflow-wrap:anywhere;margin:.25rem 0}}
select{{width:100%;padding:.6rem;margin:.5rem 0 1rem;font:inherit}}
button{{padding:.6rem 1.2rem;font:inherit;border-radius:8px;border:1px solid #8886;cursor:pointer}}
button[value=allow]{{background:#5151cd;color:#fff}}</style></head><body><main>
<h1>Choose an account</h1><p>This is the emulated Google of Clockwise's demo. No password is needed.</p>
<form method="post"><label for="email">Sign in as</label><select name="email" id="email">{people}</select>
<p>Clockwise wants to:</p>{ticks}{hidden}
<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Cancel</button></p></form>
</main></body></html>"""


def decide(state: State, form: dict[str, list[str]]) -> str:
    """Where the browser goes with the person's decision."""
    one = {key: values[0] for key, values in form.items()}
    if one.get("client_id") != state.client_id:
        raise OAuthError("invalid_client", 401)
    answer = {"state": one.get("state", "")}
    person = state.people.get(one.get("email", "").lower())
    if one.get("decision") != "allow" or person is None or person.is_suspended:
        return f"{one['redirect_uri']}?{urlencode({**answer, 'error': 'access_denied'})}"
    scopes = sorted({"openid", *(LONG_NAMES.get(scope, scope) for scope in form.get("scope", ()))})
    code = "4/" + secrets.token_urlsafe(24)
    state.codes[code] = Code(
        email=person.email,
        scopes=scopes,
        redirect_uri=one["redirect_uri"],
        challenge=one.get("code_challenge", ""),
        nonce=one.get("nonce", ""),
        offline=one.get("access_type") == "offline",
        asked_again="consent" in one.get("prompt", ""),
    )
    return f"{one['redirect_uri']}?{urlencode({**answer, 'code': code, 'scope': ' '.join(scopes)})}"


def token(state: State, form: dict[str, str], issuer: str) -> Json:
    if form.get("client_id") != state.client_id or not secrets.compare_digest(
        form.get("client_secret", ""), state.client_secret
    ):
        raise OAuthError("invalid_client", 401)
    if form.get("grant_type") == "authorization_code":
        return _exchange(state, form, issuer)
    if form.get("grant_type") == "refresh_token":
        return _refresh(state, form)
    raise OAuthError("unsupported_grant_type")


def _exchange(state: State, form: dict[str, str], issuer: str) -> Json:
    code = state.codes.pop(form.get("code", ""), None)
    if code is None or code.redirect_uri != form.get("redirect_uri"):
        raise OAuthError("invalid_grant")
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if code.challenge and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
        raise OAuthError("invalid_grant")
    person = state.people[code.email]
    known = state.grants.get(code.email)
    # Google gives a refresh token at the first consent only, or when consent was asked for again.
    first = known is None or not known.is_live
    grant = Grant(code.email, set(code.scopes)) if known is None or first else known
    grant.scopes |= set(code.scopes)
    gave_before = any(email == code.email for email in state.refresh_tokens.values()) and not first
    state.grants[code.email] = grant
    answer = _access(state, person, code.scopes)
    answer["id_token"] = _id_token(state, person, code.nonce, issuer)
    if code.offline and (code.asked_again or not gave_before):
        refresh = "1//" + secrets.token_urlsafe(32)
        state.refresh_tokens[refresh] = person.email
        answer["refresh_token"] = refresh
    return answer


def _refresh(state: State, form: dict[str, str]) -> Json:
    email = state.refresh_tokens.get(form.get("refresh_token", ""))
    grant = state.grants.get(email or "")
    if email is None or grant is None or not grant.is_live or state.people[email].is_suspended:
        raise OAuthError("invalid_grant")
    return _access(state, state.people[email], sorted(grant.scopes))


def _access(state: State, person: Person, scopes: list[str]) -> Json:
    access = "ya29." + secrets.token_urlsafe(32)
    state.access_tokens[access] = Token(person.email, frozenset(scopes), state.now() + TOKEN_LIFETIME)
    return {
        "access_token": access,
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "scope": " ".join(scopes),
        "token_type": "Bearer",
    }


def revoke(state: State, token_text: str) -> None:
    """Revoking any token of a grant ends the whole of it."""
    found = state.access_tokens.get(token_text)
    email = found.email if found else state.refresh_tokens.get(token_text)
    if email is None:
        raise OAuthError("invalid_token")
    end_grant(state, email)


def end_grant(state: State, email: str) -> None:
    if email in state.grants:
        state.grants[email].is_live = False
    state.refresh_tokens = {t: e for t, e in state.refresh_tokens.items() if e != email}
    state.access_tokens = {t: found for t, found in state.access_tokens.items() if found.email != email}


def caller(state: State, authorization: str) -> Token:
    """The access token of a request. Raises 401."""
    found = state.access_tokens.get(authorization.removeprefix("Bearer ").strip())
    if found is None or found.expires_at <= state.now() or state.people[found.email].is_suspended:
        raise ApiError(401, "authError", "Invalid Credentials", locationType="header", location="Authorization")
    return found


def require(found: Token, *any_of: str) -> None:
    if not found.scopes & {API + scope for scope in any_of}:
        raise ApiError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")


def userinfo(person: Person) -> Json:
    claims: Json = {"sub": person.subject, "email": person.email, "email_verified": True, "name": person.name}
    first, _, last = person.name.partition(" ")
    claims |= {"given_name": first, "family_name": last, "picture": ""}
    return claims | ({"hd": person.domain} if person.domain else {})


def certificates(state: State) -> Json:
    numbers = state.key().public_key().public_numbers()
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": _key_id(state)}
    return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}


def _id_token(state: State, person: Person, nonce: str, issuer: str) -> str:
    now = state.now()
    claims = {
        **userinfo(person),
        "iss": issuer,
        "aud": state.client_id,
        "azp": state.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    if nonce:
        claims["nonce"] = nonce
    header = {"alg": "RS256", "typ": "JWT", "kid": _key_id(state)}
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return (signed + b"." + _encoded(state.key().sign(signed, padding.PKCS1v15(), SHA256()))).decode()


def _key_id(state: State) -> str:
    return hashlib.sha256(str(state.key().public_key().public_numbers().n).encode()).hexdigest()[:16]


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8)).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
