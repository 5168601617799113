from django.urls import path

from clockwise.api import views

urlpatterns = [
    path("me", views.Me.as_view(), name="api-me"),
    path("events", views.Events.as_view(), name="api-events"),
    path("proposals/current", views.CurrentProposal.as_view(), name="api-proposal-current"),
    path("proposals/<uuid:proposal_id>/accept", views.AcceptProposal.as_view(), name="api-proposal-accept"),
]
