"""The tenant token: what row-level security believes, so that injected SQL can't name another organization.

`organization.key.mac` in the transaction's setting `clockwise.tenant_token`. The MAC (HMAC-SHA256, RFC 2104) covers the
organization, the server process and the transaction's start: a token that somebody saw is worth nothing in any other
transaction, so that it expires with its own. The key comes from SECRET_KEY. PostgreSQL has it in a table that only the
function `current_organization()` may read; `migrate` puts it there.
"""

import hashlib
import hmac
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.backends.utils import CursorWrapper

SETTING = "clockwise.tenant_token"
KEY_TABLE = "tenancy_token_key"
# An organization that there is not: to try whether tokens are believed at all.
NOBODY = UUID(int=0)
_BLOCK_BYTES = 64
_KEYS_KEPT = 2

# What a statement has to ask for as well, to be the one that tells which transaction this is (a `Moment`).
# Microseconds, since that is how exactly PostgreSQL knows when a transaction began.
MOMENT = "pg_backend_pid(), (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint"


class Moment(NamedTuple):
    """Which transaction it is: the server's process, and when it began in microseconds since 1970 UTC."""

    process: int
    began_at: int


def show(cursor: CursorWrapper, organization_id: UUID, moment: Moment | None = None) -> None:
    """Make the organization current for the rest of the open transaction (or until its savepoint is rolled back).

    `moment`: of the open transaction, where an earlier statement of it has asked already.
    """
    if moment is None:
        cursor.execute(f"SELECT {MOMENT}")
        moment = Moment(*cursor.fetchone())
    cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, _token(organization_id, moment)])


def _token(organization_id: UUID, moment: Moment) -> str:
    key = _key()
    mac = hmac.digest(key, f"{organization_id}|{moment.process}|{moment.began_at}".encode(), "sha256")
    return f"{organization_id}.{_name(key)}.{mac.hex()}"


def install_key(cursor: CursorWrapper) -> None:
    """Tell PostgreSQL this installation's key, as the tables' owner.

    The key before it stays, so that processes that still run with it work on while SECRET_KEY is being changed.
    """
    key = _key()
    cursor.execute(
        f"INSERT INTO {KEY_TABLE} (name, inner_block, outer_block) VALUES (%s, %s, %s) "  # noqa: S608
        "ON CONFLICT (name) DO UPDATE SET installed_at = clock_timestamp()",
        [_name(key), _block(key, 0x36), _block(key, 0x5C)],
    )
    cursor.execute(
        f"DELETE FROM {KEY_TABLE} WHERE name NOT IN "  # noqa: S608
        f"(SELECT name FROM {KEY_TABLE} ORDER BY installed_at DESC LIMIT {_KEYS_KEPT})"
    )


def _key() -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"clockwise.tenancy.token", "sha256")


def _name(key: bytes) -> str:
    return hashlib.sha256(b"name of " + key).hexdigest()[:16]


def _block(key: bytes, padding: int) -> bytes:
    """RFC 2104's padded key, so that PostgreSQL's own sha256() is all that the function needs."""
    return bytes(byte ^ padding for byte in key.ljust(_BLOCK_BYTES, b"\0"))


# Run in this order by the tables' owner. The function belongs to the role that may read the key; that it belongs to no
# superuser and that its search path is fixed leaves an attacker nothing to put in its way.
INSTALL_FUNCTION = [
    f"CREATE TABLE {KEY_TABLE} (name text PRIMARY KEY, inner_block bytea NOT NULL, outer_block bytea NOT NULL, "
    "installed_at timestamptz NOT NULL DEFAULT clock_timestamp())",
    f"REVOKE ALL ON {KEY_TABLE} FROM PUBLIC, cw_app",
    f"GRANT SELECT ON {KEY_TABLE} TO cw_lookup",
    f"""
    CREATE FUNCTION current_organization() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        token text := current_setting('{SETTING}', true);
        organization text := split_part(token, '.', 1);
        expected bytea;
    BEGIN
        -- After the first transaction of a connection the setting is '' rather than NULL.
        IF token IS NULL OR token = '' THEN
            RETURN NULL;
        END IF;
        SELECT sha256(key.outer_block || sha256(key.inner_block || convert_to(
            concat_ws('|', organization, pg_backend_pid(),
                (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint), 'UTF8')))
        INTO expected FROM public.{KEY_TABLE} key WHERE key.name = split_part(token, '.', 2);
        IF expected IS NULL THEN
            RAISE EXCEPTION 'the tenant token was made with a key that this database does not know'
                USING ERRCODE = 'insufficient_privilege', HINT = 'After a change of SECRET_KEY run migrate.';
        END IF;
        IF encode(expected, 'hex') <> split_part(token, '.', 3) THEN
            RAISE EXCEPTION 'the tenant token is not valid in this transaction'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN organization::uuid;
    END $$
    """,  # noqa: S608
    "ALTER FUNCTION current_organization() OWNER TO cw_lookup",
    # The owner checks foreign keys, and policies ask for it there too; what it granted itself before went to cw_lookup.
    "SET LOCAL ROLE cw_lookup",
    "REVOKE ALL ON FUNCTION current_organization() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION current_organization() TO cw_owner, cw_app",
    "RESET ROLE",
]
