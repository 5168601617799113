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
from privacy.models.staff import (
    ErrandDetails,
    PolicySignature,
    StaffAccess,
    StaffAccessDetails,
    StaffErrand,
    StaffMember,
)

__all__ = [
    "Agreement",
    "CalendarExclusion",
    "DataExport",
    "Erasure",
    "ErrandDetails",
    "ExclusionPattern",
    "PolicySignature",
    "PrivacyChoice",
    "PrivacyRequest",
    "ProcessingSettings",
    "Purge",
    "RequestDetails",
    "RetentionSettings",
    "StaffAccess",
    "StaffAccessDetails",
    "StaffErrand",
    "StaffMember",
]
