from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "privacy"

    def ready(self) -> None:
        # Declares tables and the check that every table is declared; registers the console's sections
        # and how staff are recognized.
        from privacy import checks, console, egress, personal_data, staff, staff_access  # noqa: F401

        egress.listen()
