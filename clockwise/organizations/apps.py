from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "clockwise.organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clockwise.organizations import directory  # noqa: F401 - it ends with an admin's access
