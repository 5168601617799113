"""How fast the audit log is verified: `python -m benchmarks.audit [--entries N]`, against a plain read of the rows.

Runs in the tests' own installation and empties it. Bar: at least 100,000 entries a second.
"""

import argparse
import time
from collections.abc import Callable

from tests import conftest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    from django.db import connection

    from clockwise.audit import chain, heads, verify
    from clockwise.organizations import members
    from clockwise.tenancy import current

    organization_id = members.create_organization(domain="bench.example", name="Bench", plan="enterprise")
    try:
        with current.organization(organization_id), connection.cursor() as cursor:
            cursor.execute(
                "SELECT audit_append(gen_random_uuid(), %s, now() + n * interval '1 microsecond', 'proposal.accepted', "
                "gen_random_uuid(), 'proposal', gen_random_uuid(), 'web', 'accept', "
                "sha512(int4send(n)) || sha512(int4send(n + 1)) || sha512(int4send(n + 2)), sha256(int4send(n))) "
                "FROM generate_series(1, %s) n",
                [organization_id, arguments.entries],
            )
        with current.acting_for(organization_id):
            chain.extend_current()
        heads.sign_next()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

        def read() -> None:
            with current.organization(organization_id), connection.cursor() as cursor:
                cursor.execute("SELECT * FROM audit_auditentry ORDER BY position")
                while cursor.fetchmany(10_000):
                    pass

        def verified() -> None:
            report = verify.organization(organization_id)
            assert report.is_sound
            assert report.entries > arguments.entries

        for _ in range(arguments.rounds):
            cpu = time.process_time()
            verified()
            cpu = time.process_time() - cpu
            verified_rate, read_rate = arguments.entries / seconds(verified), arguments.entries / seconds(read)
            print(
                f"verified {verified_rate:,.0f} entries/s; read through the driver alone {read_rate:,.0f} rows/s; "
                f"ratio {verified_rate / read_rate:.2f}; {arguments.entries / cpu:,.0f} entries a CPU second here"
            )
    finally:
        conftest._empty_all_tables()


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
