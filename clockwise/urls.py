"""Every URL of the installation, composed from the apps' own."""

from django.urls import include, path

from clockwise.views import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", include("clockwise.api.urls")),
    path("", include("scim.urls")),
    path("", include("scim.console_urls")),
    path("", include("clockwise.organizations.urls")),
    path("", include("calendars.urls")),
    path("", include("privacy.urls")),
    path("", include("scheduling.urls")),
]
