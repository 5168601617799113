from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "scim"

    def ready(self) -> None:
        # Declares tables and retention; keeps out who is not listed; its section of the console.
        from scim import admission, personal_data  # noqa: F401
        from scim.views import console  # noqa: F401
