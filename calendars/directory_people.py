"""Names and photos of colleagues, from the Workspace directory: where an admin lets them be read, of whom members meet.

Who objects to being named to colleagues, and whose calendar a rule of the organization leaves out, isn't kept. Photos
come from our own address alone, so that Google isn't told who looks at whom.
"""

import logging
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calendars import colleagues
from calendars.models import DirectoryPerson
from calendars.models.colleague import DirectoryDetails, Photo
from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption.blind_index import normalize_address, organization_index
from clockwise.google import directory as google_directory
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleError
from clockwise.google.transport import AccessTokens
from clockwise.organizations import directory, members
from clockwise.organizations.models import DirectoryWatch, Member
from clockwise.tenancy import current
from privacy import choices, exclusions

log = logging.getLogger(__name__)
# Asked for at one refresh, so that no organization holds a worker for long; the rest soon after.
MOST_PHOTOS = 100
LONGEST_ETAG = 128
LARGEST_PHOTO = 200_000  # bytes; Google scales them down to 96 pixels
KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class Card:
    """What a member is shown of a colleague. `photo`: whose, None where there is none."""

    name: str
    photo: UUID | None


@dataclass(frozen=True)
class Image:
    content_type: str
    content: bytes


@dataclass(frozen=True)
class _Wanted:
    """A photo that is to be asked for."""

    row_id: UUID
    address: str
    etag: str


def show(*, by: Member) -> bool:
    """Let names and photos be read by the admin's grant that watches the directory; False where there is none."""
    watch = DirectoryWatch.objects.select_for_update().first()
    if watch is None:
        return False
    if not watch.shows_people:
        watch.shows_people = True
        watch.save(update_fields=["shows_people"])
        record("directory_people.shown", by=by.pk, target=watch)
    return True


def hide(*, by: Member) -> None:
    """Read them no more, and erase what was read."""
    for watch in DirectoryWatch.objects.select_for_update().filter(shows_people=True):
        watch.shows_people = False
        watch.save(update_fields=["shows_people"])
        erased, _ = DirectoryPerson.objects.filter(watch=watch).delete()
        record("directory_people.hidden", by=by.pk, target=watch, erased=erased)


def cards(viewer: Member, addresses: Iterable[str]) -> dict[str, Card]:
    """What `viewer` may see of these people, by normalized address."""
    organization_id = current.require_organization_id()
    indexes = [_index(organization_id, normalize_address(address)) for address in addresses]
    rows = _open_to(viewer, DirectoryPerson.objects.filter(address_index__in=indexes))
    return {row.details.address: Card(row.details.name, row.pk if row.photo else None) for row in rows}


def photo(viewer: Member, person_id: UUID) -> Image | None:
    """None for somebody unknown, without a photo, or who objects."""
    for row in _open_to(viewer, DirectoryPerson.objects.filter(pk=person_id)):
        if row.photo:
            return Image(row.photo.content_type, b64decode(row.photo.content))
    return None


def refresh() -> bool:
    """Read the current organization's directory once; whether photos are left to be asked for.

    Opens its own transactions. Raises nothing.
    """
    tokens = directory.reader_of_people()
    if tokens is None:
        return False
    with current.transaction():
        wanted = _wanted(clock.now())
    try:
        found = {normalize_address(person.address): person for person in google_directory.people(configured(), tokens)}
        photos = _keep_only({address: found[address] for address in wanted & found.keys()})
        for each in photos[:MOST_PHOTOS]:
            _read_photo(tokens, each)
    except GoogleError as error:
        log.warning("Names and photos of the directory couldn't be read: %s.", error)
        return False
    return len(photos) > MOST_PHOTOS


def _wanted(at: datetime) -> set[str]:
    """Whom members meet, less those who object and those whom a rule leaves out."""
    met = colleagues.guests(at)
    ids = members.by_addresses(met, only_active=False)
    open_to_view = choices.who_allows(frozenset(ids.values()), choices.Use.COLLEAGUES)
    rules = exclusions.rules_of_organization()
    return {
        address
        for address in met
        if (address not in ids or ids[address] in open_to_view)
        and not exclusions.leaves_out(rules, exclusions.CalendarFacts(address, owner=address))
    }


def _keep_only(people: dict[str, google_directory.Person]) -> Sequence[_Wanted]:
    """A row for each and none for anybody else, in a transaction of its own; whose photo is to be asked for."""
    with current.transaction():
        watch = DirectoryWatch.objects.select_for_update().filter(shows_people=True).first()
        if watch is None:  # an admin said no while Google answered
            return ()
        ids = members.by_addresses(people, only_active=False)
        indexes = {_index(watch.organization_id, address): address for address in people}
        DirectoryPerson.objects.exclude(address_index__in=indexes).delete()
        rows = {}
        for row in DirectoryPerson.objects.all():
            address = indexes[bytes(row.address_index)]
            if (row.watch_id, row.member_id) == (watch.pk, ids.get(address)):
                rows[address] = row
            else:
                row.delete()  # its key was another's
        photos = []
        for address, person in people.items():
            row = rows.get(address) or DirectoryPerson(
                organization_id=watch.organization_id,
                watch=watch,
                member_id=ids.get(address),
                address_index=_index(watch.organization_id, address),
            )
            etag = person.photo_etag[:LONGEST_ETAG]
            if _take(row, DirectoryDetails(address, person.name), etag):
                photos.append(_Wanted(row.pk, address, etag))
    return photos


def _take(row: DirectoryPerson, details: DirectoryDetails, etag: str) -> bool:
    """Store a name, and take away a photo that is gone; whether another photo is to be asked for."""
    is_new = row._state.adding
    is_gone = bool(row.photo_etag) and not etag
    if is_gone:
        row.photo, row.photo_etag = None, ""
    if is_new or is_gone or row.details != details:
        row.details = details
        row.save()
    return row.photo_etag != etag


def _read_photo(tokens: AccessTokens, wanted: _Wanted) -> None:
    """One that can't be shown isn't asked for again until it is another."""
    content = google_directory.photo(configured(), tokens, wanted.address)
    kind = next((kind for start, kind in KINDS.items() if content.startswith(start)), None)
    usable = kind is not None and len(content) <= LARGEST_PHOTO
    with current.transaction():
        row = DirectoryPerson.objects.select_for_update().filter(pk=wanted.row_id).first()
        if row is None:
            return
        row.photo = Photo(kind, b64encode(content).decode()) if kind and usable else None
        row.photo_etag = wanted.etag
        row.save(update_fields=["photo", "photo_etag"])


def _open_to(viewer: Member, found: Iterable[DirectoryPerson]) -> list[DirectoryPerson]:
    rows = list(found)
    ids = frozenset(row.member_id for row in rows if row.member_id)
    open_to_view = choices.who_allows(ids, choices.Use.COLLEAGUES) | {viewer.pk}
    return [row for row in rows if row.member_id is None or row.member_id in open_to_view]


def _index(organization_id: UUID, address: str) -> bytes:
    return organization_index(organization_id, "directory person", address)
