"""The Directory's users.list, by Google's own client.

developers.google.com/workspace/admin/directory/reference/rest/v1/users/list and .../v1/guides/search-users.
"""

import base64
import json
from typing import Any

import httplib2
import pytest
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
from googleapiclient.discovery_cache import get_static_doc

from calendars.emulator.server import Emulator
from tests.conformance.google import ADA, API, BEN, CALENDAR, CHIE, IDENTITY, Accounts, refused

READ = API + "admin.directory.user.readonly"


@pytest.fixture
def directory(google: Emulator, accounts: Accounts) -> Any:
    """As Ada, who is an admin of the Workspace."""
    google.state.people[ADA].is_admin = True
    return as_person(google, accounts, ADA, READ)


def as_person(google: Emulator, accounts: Accounts, email: str, scope: str) -> Any:
    document = json.loads(get_static_doc("admin", "directory_v1"))
    document["rootUrl"] = f"{google.url}/"
    credentials, _ = accounts.sign_in(email, *IDENTITY, scope)
    service = build_from_document(document, http=AuthorizedHttp(credentials, http=httplib2.Http(timeout=10)))
    accounts.services[(email, scope, "directory")] = service
    return service


def listed(directory: Any, **wanted: Any) -> list[str]:
    answer = directory.users().list(customer="my_customer", **wanted).execute()
    return sorted(user["primaryEmail"] for user in answer.get("users", ()))


def test_everybody_of_the_customer_is_listed_and_nobody_else(directory: Any) -> None:
    assert listed(directory) == [ADA, BEN, CHIE]


def test_suspended_people_are_found_by_a_query_and_said_to_be(directory: Any, google: Emulator) -> None:
    assert listed(directory, query="isSuspended=true") == []
    google.suspend(BEN)

    [user] = directory.users().list(customer="my_customer", query="isSuspended=true").execute()["users"]

    assert (user["primaryEmail"], user["suspended"]) == (BEN, True)
    assert listed(directory, query="isSuspended=false") == [ADA, CHIE]


def test_deleted_people_are_in_a_list_of_their_own_alone(directory: Any, google: Emulator) -> None:
    google.delete_account(CHIE)

    [user] = directory.users().list(customer="my_customer", showDeleted="true").execute()["users"]

    assert user["deletionTime"]
    assert listed(directory) == [ADA, BEN]
    assert listed(directory, query="isSuspended=true") == []


def test_an_accounts_id_is_the_sub_of_its_id_token(directory: Any, google: Emulator) -> None:
    answer = directory.users().list(customer="my_customer").execute()

    ids = {user["primaryEmail"]: user["id"] for user in answer["users"]}
    assert ids[BEN] == google.state.people[BEN].subject


def test_pages_and_masks_are_kept_to(directory: Any) -> None:
    seen: list[dict[str, Any]] = []
    request = directory.users().list(customer="my_customer", maxResults=2, fields="nextPageToken,users(id)")
    while request is not None:
        answer = request.execute()
        seen += answer["users"]
        request = directory.users().list_next(request, answer)

    assert len(seen) == 3
    assert all(set(user) == {"id"} for user in seen)


def test_who_is_no_admin_or_did_not_consent_is_refused(google: Emulator, accounts: Accounts) -> None:
    request = {"customer": "my_customer"}
    assert refused(as_person(google, accounts, BEN, READ).users().list(**request)) == (403, "forbidden")
    google.state.people[ADA].is_admin = True
    without = as_person(google, accounts, ADA, CALENDAR)
    assert refused(without.users().list(**request)) == (403, "insufficientPermissions")


def test_a_restart_keeps_who_was_deleted(google: Emulator, tmp_path: Any) -> None:
    from calendars.emulator import storage

    google.delete_account(BEN)
    again = storage.loaded(json.loads(storage.text(google.state)))

    assert again.people[BEN].deleted_at == google.state.people[BEN].deleted_at


def test_a_photo_comes_in_googles_own_base64_with_an_etag_that_the_list_has_too(
    directory: Any, google: Emulator
) -> None:
    """developers.google.com/workspace/admin/directory/reference/rest/v1/users.photos/get."""
    content = bytes(range(256))
    google.state.people[BEN].photo = base64.b64encode(content).decode()

    found = directory.users().photos().get(userKey=BEN).execute()

    assert found["primaryEmail"] == BEN
    assert not set("+/=") & set(found["photoData"])
    assert base64.b64decode(found["photoData"].translate(str.maketrans("-_*.", "+/=="))) == content
    users = directory.users().list(customer="my_customer").execute()["users"]
    etags = {user["primaryEmail"]: user.get("thumbnailPhotoEtag") for user in users}
    assert (etags[BEN], etags[ADA]) == (found["etag"], None)


def test_who_has_no_photo_is_not_found_and_who_is_no_admin_is_refused(
    directory: Any, google: Emulator, accounts: Accounts
) -> None:
    assert refused(directory.users().photos().get(userKey=CHIE)) == (404, "notFound")
    assert refused(as_person(google, accounts, BEN, READ).users().photos().get(userKey=ADA)) == (403, "forbidden")
