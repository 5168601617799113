"""Which parts of an event Clockwise may ask Google for."""

from privacy.models import ProcessingSettings


def settings() -> ProcessingSettings:
    """The current organization's choice. Descriptions stay out until an admin lets them in: nothing needs them."""
    return ProcessingSettings.objects.first() or ProcessingSettings()
