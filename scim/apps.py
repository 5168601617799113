from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "scim"

    def ready(self) -> None:
        from scim import personal_data  # noqa: F401  (tells the data register)
