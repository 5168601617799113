from django.urls import path

from scheduling.views import calendars, event, personal, proposal, week

urlpatterns = [
    path("", week.dashboard, name="dashboard"),
    path("events/<uuid:event_id>/", event.show, name="event"),
    path("events/<uuid:event_id>/flexible", event.make_flexible, name="event-flexible"),
    path("events/<uuid:event_id>/fixed", event.make_fixed, name="event-fixed"),
    path("optimize", proposal.optimize, name="optimize"),
    path("proposals/<uuid:proposal_id>/accept", proposal.accept, name="proposal-accept"),
    path("proposals/<uuid:proposal_id>/dismiss", proposal.dismiss, name="proposal-dismiss"),
    path("proposals/<uuid:proposal_id>/restore", proposal.restore, name="proposal-restore"),
    path("proposals/<uuid:proposal_id>/undo", proposal.undo_proposal, name="proposal-undo"),
    path("changes/<uuid:change_id>/undo", proposal.undo_change, name="change-undo"),
    path("calendars/", calendars.show, name="calendars"),
    path("calendars/choose", calendars.choose, name="calendars-choose"),
    path("calendars/notices", calendars.choose_notices, name="calendars-notices"),
    path("calendars/disconnect", calendars.disconnect, name="calendars-disconnect"),
    path("personal-calendars/", personal.index, name="personal-calendars"),
    path("personal-calendars/<uuid:personal_calendar_id>/unlink", personal.unlink, name="personal-calendar-unlink"),
]
