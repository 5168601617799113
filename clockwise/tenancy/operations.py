"""Migration operations that protect tenant tables."""

from typing import Any

from django.db.migrations.operations.base import Operation, OperationCategory

from clockwise.tenancy import rls


class ProtectTable(Operation):
    """Give a tenant model's table its row-level security policy and composite keys. Comes after all its fields."""

    reversible = True
    category = OperationCategory.SQL

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Policies aren't part of Django's model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        rls.install(schema_editor)
        # Deferred statements (Django's own indexes and constraints) may name columns that ours need.
        for statement in rls.protect(model):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The table goes with its model's own backwards operation, and takes policy and keys along."""

    def describe(self) -> str:
        return f"Protect {self.name} by row-level security and composite keys"


class _OfTenantReference(Operation):
    """About what PostgreSQL keeps for one `TenantForeignKey`."""

    reversible = True
    category = OperationCategory.SQL

    def __init__(self, name: str, field: str) -> None:
        self.name, self.field = name, field

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Composite keys and their indexes aren't part of Django's model state."""

    def _reference(self, app_label: str, state: Any) -> tuple[Any, Any]:
        model = state.apps.get_model(app_label, self.name)
        return model, model._meta.get_field(self.field)


class AddTenantReference(_OfTenantReference):
    """Composite foreign key and index for a `TenantForeignKey` that a later migration added."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in rls.reference(*self._reference(app_label, to_state)):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The column goes with AddField's own backwards operation, and takes constraint and index along."""

    def describe(self) -> str:
        return f"Tie {self.name}.{self.field} to its parent inside one organization"


class DropTenantIndex(_OfTenantReference):
    """Drop the index of a `TenantForeignKey` where another one begins with the same two columns."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(f'DROP INDEX "{rls.index_name(*self._reference(app_label, to_state))}"')

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(rls.index(*self._reference(app_label, to_state)))

    def describe(self) -> str:
        return f"Drop the index of {self.name}.{self.field}, which another one stands in for"
