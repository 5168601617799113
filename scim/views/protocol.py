"""What every SCIM request goes through: token, rate, plan, one transaction, the log, and errors in SCIM's form."""

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError
from django.db.backends.utils import CursorWrapper
from django.http import HttpResponse, HttpResponseBase, UnreadablePostError
from django.views import View
from django_scim.constants import SCIM_CONTENT_TYPE
from django_scim.views import SCIMView

from clockwise.audit.record import record, together
from clockwise.organizations import plans
from clockwise.organizations.plans import Feature, FeatureLocked
from clockwise.tenancy import current
from clockwise.tenancy.token import Moment
from scim import journal, rates, tokens
from scim.auth import ScimRequest
from scim.documents import refuse_unreadable
from scim.errors import ScimError, invalid_syntax, too_large, unauthorized
from scim.journal import Journal
from scim.schema.attributes import Json
from scim.store import Store, as_scim_error
from scim.tokens import Grant

logger = logging.getLogger(__name__)

LARGEST_BODY = 1_048_576
TRIES = 3
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEADLOCK, _SERIALIZATION = "40P01", "40001"


class GuardedView(View):
    """Stands between the library's dispatch, which authenticates, and the method that answers."""

    request: ScimRequest
    journal: Journal
    # A search is a POST that changes nothing.
    reads_by_post = False
    largest_body = LARGEST_BODY
    reserved: list[UUID]

    def dispatch(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        self._body: Json | None = None
        try:
            return self._answer(request, *args, **kwargs)
        except ScimError as error:
            self._keep_refusal(error)
            return error.response()
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer has SCIM's form
            # Without its message, which may repeat what somebody sent.
            where = "".join(traceback.format_tb(error.__traceback__)[-8:])
            logger.error("A SCIM request failed: %s\n%s", type(error).__name__, where)
            refusal = ScimError(500, "Something went wrong here. It is logged.")
            self._keep_refusal(refusal)
            return refusal.response()

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        allowed = ", ".join(name.upper() for name in self.http_method_names if hasattr(self, name))
        raise ScimError(405, f"Only {allowed} can be used here.", headers={"Allow": allowed})

    @property
    def grant(self) -> Grant:
        if self.request.grant is None:
            raise ScimError(401, "The bearer token is missing.")
        return self.request.grant

    @property
    def store(self) -> Store:
        return Store(self.grant, self.journal, self.reserved)

    def reserve(self) -> list[UUID]:
        """Ids of members that the request may need, made before its transaction opens."""
        return []

    def body(self) -> Json:
        """The request's JSON object, whatever its content type claims. Raises ScimError: 400, 413."""
        if self._body is None:
            self._body = self._read_body()
        return self._body

    def _answer(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        grant = request.grant
        if grant is None:
            return _response(super().dispatch(request, *args, **kwargs))
        wait = rates.seconds_to_wait(grant.organization_id, grant.requests_per_second)
        if wait:
            detail = f"More than {grant.requests_per_second} requests a second. Wait and go on."
            raise ScimError(429, detail, headers={"Retry-After": str(wait)})
        if request.method == "POST":
            self._refuse_unless_allowed(grant)  # keys are made before the transaction; a POST's grant is of just now
        return self._in_transaction(lambda: _response(super(GuardedView, self).dispatch(request, *args, **kwargs)))

    def _in_transaction(self, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """Two requests that got into each other's way are tried again: the database picked one of them to fail."""
        with current.acting_for(self.grant.organization_id):
            reserved = self.reserve()
            for attempt in range(1, TRIES + 1):
                self.journal, self.reserved = Journal(), list(reserved)
                try:
                    with current.transaction(self._admit), together():
                        response = answer()
                        if self._writes:
                            self._keep(response.status_code)
                        tokens.mark_used(self.grant)
                    return response
                except OperationalError as error:
                    code = getattr(error.__cause__, "pgcode", None)
                    if code not in {_DEADLOCK, _SERIALIZATION} or attempt == TRIES:
                        raise
                except IntegrityError as error:
                    raise as_scim_error(error) or error from None
        raise AssertionError("The last attempt returns or raises.")

    def _admit(self, cursor: CursorWrapper) -> Moment:
        """The token as it is now: it may have been revoked since this process last saw it."""
        grant, moment = tokens.find_now(cursor, self.grant.token_hash)
        self.request.grant = grant
        if grant is None:
            raise unauthorized()
        self._refuse_unless_allowed(grant)
        return moment

    def _refuse_unless_allowed(self, grant: Grant) -> None:
        try:
            plans.ensure(Feature.PROVISIONING, plan=plans.in_force(grant.plan, grant.plan_ends_at))
        except FeatureLocked as locked:
            raise ScimError(403, f"{locked} This organization is not on it.") from None
        if self._writes and not grant.may_write:
            raise ScimError(403, "This token may only read.")

    @property
    def _writes(self) -> bool:
        return self.request.method not in _READS and not self.reads_by_post

    def _keep_refusal(self, error: ScimError) -> None:
        """Refusals that an admin may want to understand; a read's 404 isn't one, and 429 would fill the log."""
        grant = self.request.grant
        if grant is None or error.status == 429 or (not self._writes and error.status not in {400, 500}):
            return
        before = getattr(self, "journal", Journal())
        self.journal = Journal(before.resource_id, before.resource_type, before.action)
        self.journal.say(f"Refused: {error.detail}")
        try:
            with current.organization(grant.organization_id):
                if self._writes:
                    record("scim.refused", by=None, status=error.status, reason=error.detail)
                self._keep(error.status)
        except Exception as failure:  # noqa: BLE001 - the answer matters more than its entry
            logger.error("A SCIM refusal could not be logged: %s", type(failure).__name__)

    def _keep(self, status: int) -> None:
        journal.keep(
            self.journal,
            token_id=self.grant.token_id,
            method=self.request.method or "",
            path=self.request.path,
            query="&".join(f"{name}={value}" for name, value in self.request.GET.items()),
            body=self._body,
            status=status,
            agent=self.request.headers.get("User-Agent", ""),
        )

    def _read_body(self) -> Json:
        length = self.request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length[:20]) > self.largest_body:
            raise too_large(f"{self.largest_body} bytes")
        try:
            content = self.request.read(self.largest_body + 1)
        except (UnreadablePostError, OSError):
            raise invalid_syntax("The body could not be read.") from None
        if len(content) > self.largest_body:
            raise too_large(f"{self.largest_body} bytes")
        try:
            body = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise invalid_syntax("The body is not JSON in UTF-8.") from None
        refuse_unreadable(body)
        if not isinstance(body, dict):
            raise invalid_syntax("The body must be a JSON object.")
        return body


class ScimView(SCIMView, GuardedView):  # type: ignore[misc]
    """The library's view: its dispatch and authentication hook around ours."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]


class UnknownView(ScimView):
    """Every address below /scim/v2/ that is none."""

    def get(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        raise ScimError(404, "There is nothing at this address.")

    post = put = patch = delete = get


class MeView(ScimView):
    """Tokens are the organization's: there is no "me" (RFC 7644, section 3.11)."""

    def get(self, request: ScimRequest, **kwargs: Any) -> HttpResponse:
        raise ScimError(501, "Tokens belong to an organization, so there is no /Me.")

    post = put = patch = delete = get


def scim_response(content: Json, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type=SCIM_CONTENT_TYPE, status=status)


def _response(response: HttpResponseBase) -> HttpResponse:
    if not isinstance(response, HttpResponse):
        raise TypeError("SCIM answers are whole, never streamed.")
    return response


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")
