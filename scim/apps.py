from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "scim"

    def ready(self) -> None:
        # Declares tables and retention.
        from scim import personal_data  # noqa: F401
