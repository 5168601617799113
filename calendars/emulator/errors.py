"""Refusals in Google's shapes (developers.google.com/workspace/calendar/api/guides/errors)."""

from typing import Any

Json = dict[str, Any]
CALENDAR, USAGE = "calendar", "usageLimits"


class ApiError(Exception):
    """`extra` goes into the first of `errors`: `domain`, `location`, `locationType`."""

    def __init__(self, status: int, reason: str, message: str = "", **extra: Any) -> None:
        super().__init__(reason)
        self.status = status
        entry = {"domain": "global", "reason": reason, "message": message or reason, **extra}
        self.headers: dict[str, str] = {}
        self.body: Json = {"error": {"code": status, "message": message or reason, "errors": [entry]}}


class OAuthError(Exception):
    """The token endpoint's shape (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str = "Bad Request", status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Json = {"error": error, "error_description": description}


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Not Found")


def deleted() -> ApiError:
    return ApiError(410, "deleted", "Resource has been deleted")


def invalid(message: str = "Invalid Value", **extra: Any) -> ApiError:
    return ApiError(400, "invalid", message, **extra)


def unauthorized() -> ApiError:
    error = ApiError(401, "authError", "Invalid Credentials", locationType="header", location="Authorization")
    error.body["error"]["status"] = "UNAUTHENTICATED"
    return error


def insufficient_scopes() -> ApiError:
    error = ApiError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
    error.body["error"] |= {"status": "PERMISSION_DENIED", "details": [{**detail, "domain": "googleapis.com"}]}
    return error


def condition_not_met() -> ApiError:
    return ApiError(412, "conditionNotMet", "Precondition Failed", locationType="header", location="If-Match")


def full_sync_required() -> ApiError:
    message = "Sync token is no longer valid, a full sync is required."
    return ApiError(410, "fullSyncRequired", message, domain=CALENDAR, locationType="parameter", location="syncToken")
