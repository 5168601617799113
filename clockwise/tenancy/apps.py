from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "clockwise.tenancy"

    def ready(self) -> None:
        from clockwise.tenancy import checks  # noqa: F401  (registers the system checks)
