"""Errors as SCIM says them (RFC 7644, section 3.12), on the library's exceptions."""

import json
from typing import Any

from django.http import HttpResponse
from django_scim.constants import SCIM_CONTENT_TYPE
from django_scim.exceptions import SCIMException


class ScimError(SCIMException):  # type: ignore[misc]
    """`scim_type`: one of RFC 7644's Table 9, for 400 and 409. `detail` never repeats a person's data."""

    def __init__(
        self, status: int, detail: str, *, scim_type: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail, status=status, scim_type=scim_type)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """The library says the status as a number; RFC 7644 wants text."""
        return {**super().to_dict(), "status": str(self.status)}

    def response(self) -> HttpResponse:
        response = HttpResponse(json.dumps(self.to_dict()), content_type=SCIM_CONTENT_TYPE, status=self.status)
        for name, value in self.headers.items():
            response[name] = value
        return response


def unauthorized() -> ScimError:
    """The same for no token and for any that is worth nothing."""
    detail = "The bearer token is missing, unknown, expired or revoked."
    return ScimError(401, detail, headers={"WWW-Authenticate": 'Bearer realm="Clockwise SCIM"'})


def invalid_syntax(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidSyntax")


def invalid_value(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidValue")


def invalid_filter(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidFilter")


def invalid_path(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidPath")


def no_target(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="noTarget")


def mutability(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="mutability")


def too_many(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="tooMany")


def uniqueness() -> ScimError:
    return ScimError(409, "Another resource has this value already; it must be unique.", scim_type="uniqueness")


def not_found() -> ScimError:
    """One answer for what isn't there, what is another organization's and what is no id at all."""
    return ScimError(404, "There is no such resource.")


def too_large(limit: str) -> ScimError:
    return ScimError(413, f"The request is larger than this server takes: {limit}.")
