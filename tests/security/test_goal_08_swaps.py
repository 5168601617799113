"""Goal 8: a blob opens in its own row and column of its own organization alone, and only unchanged."""

import json
from typing import Any

import pytest
from django.apps import apps

from clockwise.encryption import envelope, sealed
from clockwise.encryption.errors import KeyMissing, SealBroken
from clockwise.encryption.sealed import SealedBlob, SealedField
from clockwise.tenancy import current
from tests.organizations import Pair
from tests.security.rows import fill

SEALED = [
    field
    for model in apps.get_models()
    for field in model._meta.local_concrete_fields
    if isinstance(field, SealedField)
]
Blobs = dict[SealedField[Any], tuple[Any, SealedBlob]]


def blobs(pair: Pair, member: Any) -> Blobs:
    """Each sealed field's row and stored bytes, of a member's organization."""
    rows = fill(member)
    found: Blobs = {}
    with current.organization(member.organization_id):
        for field in SEALED:
            model = field.model
            known = rows.get(model)  # type: ignore[arg-type]
            row: Any = model._base_manager.filter(pk=known.pk).first() if known else None
            row = row or model._base_manager.first()
            blob = row.__dict__[field.attname] if row else None
            if blob is not None:
                found[field] = (row, blob)
    return found


def opens(field: SealedField[Any], row: Any, blob: bytes) -> bool:
    with current.organization(getattr(row, "organization_id", row.pk)):
        try:
            field.open(field.place_of(row), SealedBlob(blob))
        except (SealBroken, KeyMissing):  # a changed generation names a key that there is not
            return False
    return True


def test_goal_08_every_swap_between_rows_columns_people_and_organizations_is_refused(pair: Pair) -> None:
    cast = [blobs(pair, member) for member in (pair.ada, pair.ben, pair.mallory)]
    tried = 0
    for here in cast:
        for field, (row, own) in here.items():
            assert opens(field, row, own)
            for there in cast:
                for other_field, (other_row, blob) in there.items():
                    if (other_field, other_row.pk) != (field, row.pk):
                        assert not opens(field, row, blob), (field, other_field)
                        tried += 1
    assert tried > 1000


def test_goal_08_every_flipped_bit_and_every_cut_is_refused(pair: Pair) -> None:
    for field, (row, blob) in blobs(pair, pair.ada).items():
        for bit in range(len(blob) * 8 if field is SEALED[0] else 64):
            changed = bytearray(blob)
            changed[bit // 8] ^= 1 << bit % 8
            assert not opens(field, row, bytes(changed)), (field, bit)
        for length in (0, 1, 3, 15, 31, len(blob) - 1):
            assert not opens(field, row, blob[:length])


def test_goal_08_plain_text_in_the_column_is_never_taken_for_content(pair: Pair) -> None:
    for field, (row, _) in blobs(pair, pair.ada).items():
        for plain in (b"", b"{}", b"null", json.dumps({"title": "plain"}).encode(), b"\x01" + b"\0" * 64):
            assert not opens(field, row, plain)


def test_goal_08_control_without_associated_data_a_row_takes_its_neighbours_blob(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal, unseal = envelope.seal, envelope.unseal
    monkeypatch.setattr(sealed, "seal", lambda key, purpose, binding, content: seal(key, purpose, b"", content))
    monkeypatch.setattr(sealed, "unseal", lambda key, purpose, binding, blob: unseal(key, purpose, b"", blob))
    with current.organization(pair.organization_id):
        from clockwise.organizations.models import Team

        one, two = (Team.objects.create(details=Team.Details(name=name)) for name in ("One", "Two"))
        blob = Team.objects.get(pk=one.pk).__dict__["details"]
        field = Team._meta.get_field("details")
    assert opens(field, two, blob)


def test_goal_08_control_without_a_purpose_a_column_takes_anothers_blob(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The column is bound twice, by the subkey and by the associated data: dropping both opens the swap."""
    seal, unseal = envelope.seal, envelope.unseal
    monkeypatch.setattr(sealed, "seal", lambda key, purpose, binding, content: seal(key, "", binding[:32], content))
    monkeypatch.setattr(sealed, "unseal", lambda key, purpose, binding, blob: unseal(key, "", binding[:32], blob))
    from calendars.models import GoogleConnection
    from calendars.models.connection import Credentials

    row = fill(pair.ada)[GoogleConnection]
    with current.organization(pair.organization_id):
        row = GoogleConnection.objects.get(pk=row.pk)
        row.to_revoke = Credentials(refresh_token="another")
        row.save(update_fields=["to_revoke"])
        blob = GoogleConnection.objects.get(pk=row.pk).__dict__["to_revoke"]
    assert opens(GoogleConnection._meta.get_field("credentials"), row, blob)
