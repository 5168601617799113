from django.urls import path

from calendars.views import health, push

urlpatterns = [
    path("organization/sync/", health.show, name="organization-sync"),
    path("integrations/google/push", push.receive, name="google-push"),
]
