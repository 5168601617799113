from django.urls import path

from clockwise.api import views

urlpatterns = [
    path("me", views.Me.as_view()),
    path("events", views.Events.as_view()),
    path("proposals/current", views.CurrentProposal.as_view()),
    path("proposals/<uuid:proposal_id>/accept", views.AcceptProposal.as_view()),
]
