from django.urls import path

from calendars.views import directory_people, health, push

urlpatterns = [
    path("organization/sync/", health.show, name="organization-sync"),
    path("organization/directory/people", directory_people.choose, name="organization-directory-people"),
    path("people/<uuid:directory_person_id>/photo", directory_people.photo, name="directory-photo"),
    path("integrations/google/push", push.receive, name="google-push"),
]
