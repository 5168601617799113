"""UUIDs come from PostgreSQL as Python's own, whichever way they are asked for."""

import copy
import pickle
from uuid import UUID, uuid4

from django.db import connection


def test_a_uuid_is_the_one_that_was_sent_and_behaves_like_any(database: None) -> None:
    sent = uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::uuid, NULL::uuid, ARRAY[%s, NULL]::uuid[]", [sent, sent])
        found, nothing, several = cursor.fetchone()

    assert (found, nothing, several) == (sent, None, [sent, None])
    assert type(found) is UUID
    assert (hash(found), str(found), found.bytes, found.version) == (hash(sent), str(sent), sent.bytes, 4)
    assert found.is_safe is sent.is_safe
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == sent
