from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "scim"

    def ready(self) -> None:
        # Declares tables and retention; keeps out who is not listed.
        from scim import admission, personal_data  # noqa: F401
