from privacy.models.agreement import Agreement
from privacy.models.exclusion import CalendarExclusion, ExclusionPattern
from privacy.models.processing import ProcessingSettings
from privacy.models.purge import Purge
from privacy.models.rights import (
    DataExport,
    Erasure,
    PrivacyChoice,
    PrivacyRequest,
    RequestDetails,
    RetentionSettings,
)

__all__ = [
    "Agreement",
    "CalendarExclusion",
    "DataExport",
    "Erasure",
    "ExclusionPattern",
    "PrivacyChoice",
    "PrivacyRequest",
    "ProcessingSettings",
    "Purge",
    "RequestDetails",
    "RetentionSettings",
]
