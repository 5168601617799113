from django.urls import path

from calendars.views import push

urlpatterns = [path("integrations/google/push", push.receive, name="google-push")]
