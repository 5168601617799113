from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "privacy"

    def ready(self) -> None:
        # Declares tables; registers the check that every table is declared.
        from privacy import checks, personal_data  # noqa: F401
