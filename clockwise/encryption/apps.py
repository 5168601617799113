from django.apps import AppConfig


class EncryptionConfig(AppConfig):
    name = "clockwise.encryption"

    def ready(self) -> None:
        from clockwise.encryption import checks  # noqa: F401  (registers the system check)
