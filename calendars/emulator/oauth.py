"""Tokens: developers.google.com/identity/protocols/oauth2/web-server (exchange, refresh, revoke)."""

import base64
import hashlib
import secrets
from typing import Any

from calendars.emulator import identity
from calendars.emulator.errors import OAuthError, unauthorized
from calendars.emulator.state import TOKEN_LIFETIME, Grant, RefreshToken, State, Token

Json = dict[str, Any]
# The next one silently ends the oldest.
MOST_REFRESH_TOKENS = 100


def token(state: State, form: dict[str, str], authorization: str, issuer: str) -> Json:
    """Raises OAuthError with Google's words."""
    client_id, secret = _client(form, authorization)
    if client_id != state.client_id:
        raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
    if not secrets.compare_digest(secret, state.client_secret):
        raise OAuthError("invalid_client", "Unauthorized", 401)
    grant_type = form.get("grant_type", "")
    if grant_type == "authorization_code":
        return _exchanged(state, form, issuer)
    if grant_type == "refresh_token":
        return _refreshed(state, form, issuer)
    raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {grant_type}")


def revoke(state: State, text: str) -> None:
    """Revoking any token of a grant ends the whole of it (SYNC O10)."""
    found = state.access_tokens.get(text) or state.refresh_tokens.get(text)
    if found is None:
        raise OAuthError("invalid_token", "Token expired or revoked")
    end_grant(state, found.email)


def end_grant(state: State, email: str) -> None:
    if email in state.grants:
        state.grants[email].is_live = False
    state.refresh_tokens = {text: found for text, found in state.refresh_tokens.items() if found.email != email}
    state.access_tokens = {text: found for text, found in state.access_tokens.items() if found.email != email}


def caller(state: State, authorization: str) -> Token:
    """The access token of a request. Raises 401."""
    kind, _, text = authorization.partition(" ")
    found = state.access_tokens.get(text.strip()) if kind.lower() == "bearer" else None
    if found is None or found.expires_at <= state.now() or state.people[found.email].is_suspended:
        raise unauthorized()
    return found


def _client(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """From the body, or by HTTP Basic."""
    kind, _, text = authorization.partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(text).decode().partition(":")
    except ValueError:
        raise OAuthError("invalid_client", "Unauthorized", 401) from None
    return client_id, secret


def _exchanged(state: State, form: dict[str, str], issuer: str) -> Json:
    code = state.codes.pop(form.get("code", ""), None)
    if code is None or code.expires_at <= state.now():
        raise OAuthError("invalid_grant", "Malformed auth code.")
    if code.redirect_uri != form.get("redirect_uri"):
        raise OAuthError("redirect_uri_mismatch")
    _check_verifier(code.challenge, form.get("code_verifier", ""))
    known = state.grants.get(code.email)
    is_first = known is None or not known.is_live
    before = [] if known is None or is_first else known.scopes
    state.grants[code.email] = Grant(list(dict.fromkeys([*before, *code.scopes])))
    answer = _access(state, code.email, code.scopes, issuer, code.nonce, code.asked_at)
    # Google gives a refresh token at the first consent only, or when consent was asked for again.
    held = any(found.email == code.email for found in state.refresh_tokens.values())
    if code.offline and (code.asked_again or not held):
        answer["refresh_token"] = _new_refresh_token(state, code.email, code.scopes)
    return answer


def _check_verifier(challenge: str, verifier: str) -> None:
    if challenge and not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if challenge and digest != challenge:
        raise OAuthError("invalid_grant", "Invalid code verifier.")


def _new_refresh_token(state: State, email: str, scopes: list[str]) -> str:
    held = [text for text, found in state.refresh_tokens.items() if found.email == email]
    for text in held[: len(held) + 1 - MOST_REFRESH_TOKENS]:
        del state.refresh_tokens[text]
    made = "1//" + secrets.token_urlsafe(32)
    state.refresh_tokens[made] = RefreshToken(email, scopes)
    return made


def _refreshed(state: State, form: dict[str, str], issuer: str) -> Json:
    found = state.refresh_tokens.get(form.get("refresh_token", ""))
    if found is None or state.people[found.email].is_suspended:
        raise OAuthError("invalid_grant", "Token has been expired or revoked.")
    return _access(state, found.email, found.scopes, issuer, "")


def _access(state: State, email: str, scopes: list[str], issuer: str, nonce: str, asked_at: int | None = None) -> Json:
    access = "ya29." + secrets.token_urlsafe(32)
    state.access_tokens[access] = Token(email, scopes, state.now() + TOKEN_LIFETIME)
    answer: Json = {
        "access_token": access,
        "expires_in": int(TOKEN_LIFETIME.total_seconds()) - 1,
        "scope": " ".join(scopes),
        "token_type": "Bearer",
    }
    if "openid" in scopes:
        person = state.people[email]
        answer["id_token"] = identity.id_token(state, person, scopes, issuer=issuer, nonce=nonce, asked_at=asked_at)
    return answer
