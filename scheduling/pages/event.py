"""The dialog of one event: what it is, whether it may move, and why it did or didn't."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from calendars import directory_people
from calendars.models import Event
from calendars.models.event import Attendee
from clockwise.encryption.blind_index import normalize_address
from clockwise.organizations import members, rules
from clockwise.organizations.models import Member
from clockwise.organizations.viewer import initials
from scheduling import eligibility, explanations, facts, flexibility, recognition
from scheduling.hours import local_date, monday_of
from scheduling.models import Flexibility as FlexibilityRow
from scheduling.models import Hold, Move, Stay
from scheduling.pages.kinds import day_and_span, kind_of, title_of
from scheduling.pages.member import zone_label, zone_of_member
from scheduling.week import EventSheet, Flexibility, Guest, clock_minutes

SHOWN_GUESTS = 12
RESPONSES = {"accepted": "accepted", "declined": "declined", "tentative": "maybe", "needsAction": "no answer"}
STATUS = {
    eligibility.State.FIXED: "Fixed",
    eligibility.State.ELIGIBLE: "Flexible",
    eligibility.State.INELIGIBLE: "Flexible, but it can't move",
    eligibility.State.FROZEN: "Flexible, frozen",
    eligibility.State.PINNED: "Flexible, pinned",
}


def event_sheet(event: Event, *, viewer: Member) -> EventSheet:
    """`event` is a copy on the viewer's own calendar."""
    zone = zone_of_member(viewer)
    hold = Hold.objects.filter(google_id=event.google_id, member=viewer).first()
    covering = flexibility.covering(event)
    status = _status(event)
    people = [attendee for attendee in event.details.attendees if not attendee.is_room]
    return EventSheet(
        id=event.pk,
        title=title_of(event),
        kind=kind_of(
            event, hold=hold, is_flexible=covering is not None, domains=members.domains(), words=recognition.reader()
        ),
        when=day_and_span(event.start, event.end, zone),
        zone_label=zone_label(event.start, zone),
        week=monday_of(local_date(event.start, zone)),
        status="A hold of Clockwise" if hold else STATUS[status.state],
        why=_why(event, status, viewer=viewer, zone=zone),
        where=event.details.location or event.details.conference_link,
        guests=_guests(event, people[:SHOWN_GUESTS], viewer),
        more_guests=max(0, len(people) - SHOWN_GUESTS),
        is_flexible=covering is not None,
        is_recurring=bool(event.series_id),
        flexibility=_form(covering),
        refusal=_refusal(event, hold, viewer),
    )


def _guests(event: Event, people: Sequence[Attendee], viewer: Member) -> tuple[Guest, ...]:
    known = directory_people.cards(viewer, [attendee.address for attendee in people])
    found = []
    for attendee in people:
        card = known.get(normalize_address(attendee.address))
        name = (card.name if card else "") or attendee.name or attendee.address
        found.append(
            Guest(
                name=name,
                response=RESPONSES.get(attendee.response, "no answer"),
                is_organizer=attendee.address == event.details.organizer,
                photo=card.photo if card else None,
                initials=initials(name),
            )
        )
    return tuple(found)


def _status(event: Event) -> eligibility.Status:
    """Where the meeting stands, from the facts of its own time and people alone."""
    copies = Event.objects.filter(meeting_index=event.meeting_index).values_list("member_id", flat=True)
    guests = members.by_addresses({normalize_address(guest.address) for guest in event.details.attendees})
    known = facts.load(event.start, event.end, only={*copies, *guests.values()})
    index = bytes(event.meeting_index)
    occurrence = next((found for found in known.occurrences if found.meeting_index == index), None)
    if occurrence is None:
        return eligibility.Status(eligibility.State.FIXED)
    return eligibility.status(occurrence, known, freeze=rules.current().freeze)


def _why(event: Event, status: eligibility.Status, *, viewer: Member, zone: ZoneInfo) -> str:
    if status.reason:
        return explanations.status_sentence(status, viewer=viewer)
    applied = [Move.State.DECIDED, Move.State.APPLIED]
    move = Move.objects.filter(event__meeting_index=event.meeting_index, state__in=applied).order_by("-decided_at")
    if last := move.first():
        return explanations.move_sentence(last, viewer=viewer)
    stay = Stay.objects.filter(event__meeting_index=event.meeting_index).order_by("-proposal__created_at").first()
    return explanations.stay_sentence(stay, viewer=viewer) if stay else ""


def _form(covering: FlexibilityRow | None) -> Flexibility:
    if covering is None:
        return Flexibility()
    return Flexibility(
        range="day" if covering.range == FlexibilityRow.Range.DAY else "week",
        window_start=clock_minutes(covering.window_from_minute),
        window_end=clock_minutes(covering.window_to_minute),
    )


def _refusal(event: Event, hold: Hold | None, viewer: Member) -> str:
    if hold is not None:
        return "Move or delete it in Google Calendar, and Clockwise leaves it as you want it."
    if event.attendee_count < 2:
        return "Only meetings with somebody else can be made flexible."
    if not flexibility.may_move(event, by=viewer):
        return "Only the organizer, or a guest who may modify the meeting, can make it flexible."
    return ""
