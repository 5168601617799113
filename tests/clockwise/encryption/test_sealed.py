"""The field without a database: `saved` is what pre_save gives to it, `loaded` what from_db makes of that."""

import copy
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.db.models.functions import Concat
from django.db.models.sql import UpdateQuery

from clockwise.encryption import keys
from clockwise.encryption.errors import EncryptionError, KeyMissing, SealBroken, SealRefused
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.sealed import SealedBlob, SealedField
from tests.clockwise.encryption.conftest import People
from tests.clockwise.encryption.rows import OtherRow, Row, Words

WORDS = Words("Quarterly review", ("ada@company.example",))
FIELD = Row._meta.get_field("words")


def new_row(owner: KeyOwner, **values: Any) -> Row:
    return Row(**{"id": uuid4(), "organization_id": owner.organization_id, "member_id": owner.member_id} | values)


def saved(row: models.Model, column: str = "words") -> bytes:
    """The bytes that saving would write into the column."""
    blob = row._meta.get_field(column).pre_save(row, row._state.adding)  # type: ignore[union-attr]
    assert type(blob) is SealedBlob
    return bytes(blob)


def loaded(row: Row, **columns: bytes | None) -> Row:
    """The row as Django makes it of the database's answer."""
    plain = {name: getattr(row, name) for name in ("id", "organization_id", "member_id")}
    sealed = {name: FIELD.from_db_value(memoryview(v), None, None) if v else None for name, v in columns.items()}
    return Row.from_db("default", [*plain, *sealed], [*plain.values(), *sealed.values()])


def update_of(value: Any) -> UpdateQuery:
    query = cast(UpdateQuery, Row._default_manager.all().query.chain(UpdateQuery))
    query.add_update_values({"words": value})
    return query


def test_a_payload_comes_back_from_its_row(people: People) -> None:
    row = new_row(people.ada, words=WORDS)

    assert loaded(row, words=saved(row)).words == WORDS


def test_no_word_is_in_the_blob(people: People) -> None:
    blob = saved(new_row(people.ada, words=WORDS))

    assert b"Quarterly" not in blob
    assert b"ada@company" not in blob


def test_a_dict_comes_back_from_its_row(people: People) -> None:
    row = new_row(people.organization, body={"a": [1, {"b": None}]})

    assert loaded(row, body=saved(row, "body")).body == {"a": [1, {"b": None}]}


def test_none_stays_none(people: People) -> None:
    row = new_row(people.ada, words=WORDS, other_words=None)

    assert Row._meta.get_field("other_words").pre_save(row, True) is None
    assert loaded(row, other_words=None).other_words is None


def test_lengths_are_hidden_in_steps_of_64_bytes(people: People) -> None:
    lengths = {len(saved(new_row(people.ada, words=Words("x" * n)))) for n in range(300)}

    assert {(length - 31) % 64 for length in lengths} == {0}
    assert len(saved(new_row(people.ada, words=Words("")))) == len(saved(new_row(people.ada, words=Words("x" * 30))))


def test_the_same_words_never_make_the_same_blob(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    twin = new_row(people.ada, id=row.id, words=WORDS)

    assert saved(row) != saved(twin)


@pytest.mark.parametrize("at", [0, 1, 2, 3, 14, 15, 60, -17, -16, -1])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_is_refused(people: People, at: int, bit: int) -> None:
    row = new_row(people.ada, words=WORDS)
    flipped = bytearray(saved(row))
    flipped[at] ^= 1 << bit

    with pytest.raises(EncryptionError):
        _ = loaded(row, words=bytes(flipped)).words


@pytest.mark.parametrize("content", [b"", b"x", b'{"title": "canary", "guests": []}', b"\x01" * 200])
def test_plain_text_in_the_column_is_refused(people: People, content: bytes) -> None:
    row = Row.from_db(
        "default",
        ["id", "organization_id", "member_id", "words"],
        [uuid4(), people.ada.organization_id, people.ada.member_id, SealedBlob(content)],
    )

    with pytest.raises(EncryptionError) as refused:
        _ = row.words

    assert "canary" not in str(refused.value)


def test_a_blob_of_another_row_is_refused(people: People) -> None:
    blob = saved(new_row(people.ada, words=WORDS))

    with pytest.raises(SealBroken):
        _ = loaded(new_row(people.ada), words=blob).words


def test_a_blob_of_another_column_is_refused(people: People) -> None:
    row = new_row(people.ada, words=WORDS)

    with pytest.raises(SealBroken):
        _ = loaded(row, other_words=saved(row)).other_words


def test_a_blob_of_another_table_is_refused(people: People) -> None:
    row = new_row(people.ada)
    other = OtherRow(id=row.id, organization_id=row.organization_id, member_id=row.member_id, words=WORDS)

    with pytest.raises(SealBroken):
        _ = loaded(row, words=saved(other)).words


@pytest.mark.parametrize("whose", ["ben", "organization", "other_organization", "mallory"])
def test_a_blob_of_another_owner_is_refused(people: People, whose: str) -> None:
    row = new_row(people.ada, words=WORDS)
    theirs = new_row(getattr(people, whose), id=row.id)

    with pytest.raises(SealBroken):
        _ = loaded(theirs, words=saved(row)).words


def test_a_blob_of_another_organization_is_refused_under_the_same_key(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = new_row(people.ada, words=WORDS)
    theirs = new_row(people.mallory, id=row.id)
    monkeypatch.setattr(Row, "key_owner", lambda self: people.ada)

    with pytest.raises(SealBroken):
        _ = loaded(theirs, words=saved(row)).words


def test_rows_of_a_shredded_member_stay_closed(people: People) -> None:
    ada, ben = new_row(people.ada, words=WORDS), new_row(people.ben, words=WORDS)
    adas, bens = saved(ada), saved(ben)

    keys.shred_member(people.ada.organization_id, people.ada.member_id or uuid4())

    with pytest.raises(KeyMissing):
        _ = loaded(ada, words=adas).words
    assert loaded(ben, words=bens).words == WORDS


def test_a_shredded_members_key_is_never_made_again(people: People) -> None:
    assert people.ada.member_id is not None
    keys.shred_member(people.ada.organization_id, people.ada.member_id)

    with pytest.raises(KeyMissing, match="never made again"):
        keys.create_member_key(people.ada.organization_id, people.ada.member_id)


def test_an_unread_row_is_written_back_as_it_was_without_its_key(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    blob = saved(row)
    again = loaded(row, words=blob)
    keys.shred_organization(people.ada.organization_id)

    assert saved(again) == blob


def test_a_read_row_is_written_back_as_it_was(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    blob = saved(row)
    again = loaded(row, words=blob)
    assert again.words == WORDS

    assert saved(again) == blob
    assert saved(row) == blob


def test_a_replaced_payload_is_sealed_anew(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    blob = saved(row)
    again = loaded(row, words=blob)

    again.words = Words("Moved")

    assert saved(again) != blob
    assert loaded(row, words=saved(again)).words == Words("Moved")


@pytest.mark.parametrize("read_first", [True, False])
def test_a_copied_row_is_sealed_for_its_new_place(people: People, read_first: bool) -> None:
    row = new_row(people.ada, words=WORDS)
    again = loaded(row, words=saved(row))
    if read_first:
        assert again.words == WORDS
    again.id, again._state.adding = uuid4(), True

    if not read_first:
        # Where it came from can't be told any more: refused rather than written unreadable.
        with pytest.raises(SealBroken):
            saved(again)
    else:
        assert loaded(again, words=saved(again)).words == WORDS


def test_a_row_given_to_another_member_is_sealed_under_their_key(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    again = loaded(row, words=saved(row))
    assert again.words == WORDS
    again.member_id = people.ben.member_id

    assert loaded(again, words=saved(again)).words == WORDS


def test_a_row_is_opened_once(people: People) -> None:
    row = new_row(people.ada, words=WORDS)
    again = loaded(row, words=saved(row))

    assert again.words is again.words


@pytest.mark.parametrize("value", ["canary", b"canary", {"title": "canary"}, ("canary",), 7])
def test_only_the_declared_payload_is_taken(people: People, value: Any) -> None:
    row = new_row(people.ada)

    with pytest.raises(SealRefused, match=r"takes a Words") as refused:
        row.words = value

    assert "canary" not in str(refused.value)


def test_a_row_without_its_ids_is_refused(people: People) -> None:
    for missing in ({"id": None}, {"organization_id": None}):
        row = new_row(people.ada, words=WORDS, **missing)
        with pytest.raises(SealRefused, match="primary key"):
            saved(row)


def test_a_row_without_a_key_is_not_saved(people: People) -> None:
    with pytest.raises(KeyMissing):
        saved(new_row(KeyOwner(people.ada.organization_id, uuid4()), words=WORDS))


@pytest.mark.parametrize("lookup", ["words", "words__exact", "words__in", "words__contains", "words__startswith"])
def test_looking_up_by_a_sealed_field_is_refused(lookup: str) -> None:
    with pytest.raises(FieldError, match="blind index"):
        Row._default_manager.filter(**{lookup: [WORDS] if lookup.endswith("in") else WORDS})


def test_whether_it_is_null_may_be_asked() -> None:
    assert "IS NULL" in str(Row._default_manager.filter(other_words__isnull=True).query)


@pytest.mark.parametrize(
    "value",
    [
        WORDS,
        b"canary",
        models.F("other_words"),
        models.Value(WORDS, output_field=FIELD),
        models.Case(models.When(pk=UUID(int=1), then=models.Value(WORDS, output_field=FIELD))),
        Concat("other_words", "body", output_field=models.BinaryField()),
    ],
)
def test_an_update_without_a_row_is_refused(value: Any) -> None:
    query = update_of(value)

    with pytest.raises(SealRefused, match=r"save\(\)") as refused:
        query.get_compiler(connection=connection).as_sql()

    assert "canary" not in str(refused.value)


def test_an_update_may_empty_the_column() -> None:
    query = update_of(None)

    assert query.get_compiler(connection=connection).as_sql()[0].endswith('"words" = NULL')


def test_a_migration_names_neither_payload_nor_models(people: People) -> None:
    written, imports = MigrationWriter.serialize(Row._meta.get_field("other_words"))

    assert written == "clockwise.encryption.sealed.SealedField(null=True)"
    assert imports == {"import clockwise.encryption.sealed"}


def test_a_field_survives_cloning_for_history_and_copying_for_subclasses() -> None:
    historical = FIELD.clone()
    inherited = copy.deepcopy(FIELD)

    assert isinstance(historical, SealedField)
    assert historical.payload_type is dict
    assert isinstance(inherited, SealedField)
    assert inherited.payload_type is Words


def test_a_payload_type_must_be_frozen() -> None:
    with pytest.raises(SealRefused, match="frozen"):
        SealedField(str)


def test_a_new_row_has_no_payload_until_it_is_given(people: People) -> None:
    assert Row().words is None


def test_rotation_seals_under_the_new_key_and_opens_the_old(
    people: People, add_generation: Callable[[KeyOwner], None]
) -> None:
    row = new_row(people.organization, words=WORDS)
    old = saved(row)

    add_generation(people.organization)
    new = saved(new_row(people.organization, id=row.id, words=WORDS))

    assert (old[2], new[2]) == (1, 2)
    assert loaded(row, words=old).words == loaded(row, words=new).words == WORDS
