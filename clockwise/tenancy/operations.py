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


class AddTenantReference(Operation):
    """Composite foreign key and index for a `TenantForeignKey` that a later migration added."""

    reversible = True
    category = OperationCategory.SQL

    def __init__(self, name: str, field: str) -> None:
        self.name, self.field = name, field

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Constraints of ours aren't part of Django's model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        for statement in rls.reference(model, model._meta.get_field(self.field)):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The column goes with AddField's own backwards operation, and takes constraint and index along."""

    def describe(self) -> str:
        return f"Tie {self.name}.{self.field} to its parent inside one organization"


class DropTenantIndex(Operation):
    """Drop the index of a `TenantForeignKey` where another one begins with the same two columns."""

    reversible = True
    category = OperationCategory.SQL

    def __init__(self, name: str, field: str) -> None:
        self.name, self.field = name, field

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Indexes of ours aren't part of Django's model state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        schema_editor.execute(f'DROP INDEX "{rls.index_name(model, model._meta.get_field(self.field))}"')

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        schema_editor.execute(rls.index(model, model._meta.get_field(self.field)))

    def describe(self) -> str:
        return f"Drop the index of {self.name}.{self.field}, which another one stands in for"
