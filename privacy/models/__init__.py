from privacy.models.exclusion import CalendarExclusion, ExclusionPattern
from privacy.models.processing import ProcessingSettings
from privacy.models.purge import Purge

__all__ = ["CalendarExclusion", "ExclusionPattern", "ProcessingSettings", "Purge"]
