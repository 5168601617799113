"""Celery tasks that act for one organization: its id travels in a header, never calendar text in arguments."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Task, shared_task

from clockwise.tenancy import current

HEADER = "clockwise_organization"


class TenantTask(Task[..., Any]):
    """Refuses to be sent or to run without an organization.

    It opens no transaction: a task that talks to Google opens them around the call.
    """

    abstract = True

    def apply_async(  # type: ignore[override]
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        headers = {**(options.pop("headers", None) or {}), HEADER: str(current.require_organization_id())}
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        header = (self.request.headers or {}).get(HEADER) or getattr(self.request, HEADER, None)
        if header is None:
            return self._run_here(*args, **kwargs)
        with current.acting_for(UUID(header)):
            return super().__call__(*args, **kwargs)

    def _run_here(self, *args: Any, **kwargs: Any) -> Any:
        """Called as a function: inside an organization only."""
        current.require_organization_id()
        return super().__call__(*args, **kwargs)


def tenant_task(**options: Any) -> Callable[[Callable[..., Any]], TenantTask]:
    """`@tenant_task(...)`: a Celery task for the organization that is current where it is sent."""
    return shared_task(base=TenantTask, **options)
