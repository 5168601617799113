"""The adapter, in a module of its own: the library's own reads the settings when it is imported."""

from typing import Any

from django_scim.adapters import SCIMUser


class TenantUser(SCIMUser):  # type: ignore[misc]
    def from_dict(self, d: dict[str, Any]) -> None:
        super().from_dict(d)
        self.obj.tenant_id = self.request.tenant_id
