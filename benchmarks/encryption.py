"""Sealed storage against its limit and against Fernet: `python -m benchmarks.encryption [--rows N] [--rounds N]`.

Every comparison is interleaved in one process on one core; trust the ratios. No Fernet field library is locked, so the
Fernet field here is a faithful one, made as those libraries make it: a text column that holds a Fernet token for each
text, encrypted in `get_prep_value`, decrypted in `from_db_value`. It leaves out what slows them further (key derivation
for each field, several keys to try), so that the ratio is a floor.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent

from clockwise import embedded  # noqa: E402

os.environ.update(embedded.join(ROOT / ".run" / "bench", durable=False))
os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"

import django  # noqa: E402

django.setup()

from cryptography.fernet import Fernet  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, connections, models  # noqa: E402

from clockwise.encryption import envelope, keys, resealing  # noqa: E402
from clockwise.encryption.envelope import DataKey  # noqa: E402
from clockwise.encryption.keys import KeyOwner  # noqa: E402
from clockwise.encryption.sealed import SealedField  # noqa: E402
from clockwise.start import keep_what_is_loaded  # noqa: E402
from clockwise.tenancy import current  # noqa: E402
from clockwise.tenancy.models import time_ordered_id  # noqa: E402

TEXT_BYTES = 200
ORGANIZATION, MEMBER = uuid4(), uuid4()
FERNET = Fernet(Fernet.generate_key())


@dataclass(frozen=True)
class Words:
    title: str
    place: str
    people: str
    link: str


class FernetTextField(models.TextField):  # type: ignore[type-arg]
    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else FERNET.encrypt(value.encode()).decode()

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        return None if value is None else FERNET.decrypt(value.encode()).decode()


class SealedNote(models.Model):
    id = models.UUIDField(primary_key=True, default=time_ordered_id)
    organization_id = models.UUIDField()
    member_id = models.UUIDField()
    words = SealedField(Words)

    class Meta:
        app_label = "benchmarks"

    def key_owner(self) -> KeyOwner:
        return KeyOwner(self.organization_id, self.member_id)


class FernetNote(models.Model):
    id = models.UUIDField(primary_key=True, default=time_ordered_id)
    organization_id = models.UUIDField()
    member_id = models.UUIDField()
    title = FernetTextField()
    place = FernetTextField()
    people = FernetTextField()
    link = FernetTextField()

    class Meta:
        app_label = "benchmarks"


class PlainNote(models.Model):
    id = models.UUIDField(primary_key=True, default=time_ordered_id)
    organization_id = models.UUIDField()
    member_id = models.UUIDField()
    title = models.TextField()
    place = models.TextField()
    people = models.TextField()
    link = models.TextField()

    class Meta:
        app_label = "benchmarks"


NOTES: list[type[models.Model]] = [SealedNote, FernetNote, PlainNote]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    values(options.rounds)
    through_the_orm(options.rows, options.rounds)
    life_of_keys(options.rows)


def values(rounds: int) -> None:
    """One value of 200 bytes: ours, Fernet, and OpenSSL's own loop in C."""
    key, binding, content = DataKey(1, os.urandom(32)), os.urandom(57), os.urandom(TEXT_BYTES)
    blob, token = envelope.seal(key, "t.c", binding, content), FERNET.encrypt(content)
    rates = interleaved(
        {
            "sealed, encrypt": lambda: envelope.seal(key, "t.c", binding, content),
            "Fernet, encrypt": lambda: FERNET.encrypt(content),
            "sealed, decrypt": lambda: envelope.unseal(key, "t.c", binding, blob),
            "Fernet, decrypt": lambda: FERNET.decrypt(token),
        },
        rounds,
        times=20_000,
    )
    limit = openssl_loop()
    print(f"\nA value of {TEXT_BYTES} bytes, one core")
    report(rates, "values")
    for verb in ("encrypt", "decrypt"):
        ours = statistics.median(rates[f"sealed, {verb}"])
        print(f"  {verb}: {ratio(rates, f'sealed, {verb}', f'Fernet, {verb}'):.1f} times Fernet", end="")
        print(f", {100 * ours / limit:.0f} % of OpenSSL's loop ({limit:,.0f}/s)" if limit else ", openssl not found")


def openssl_loop() -> float:
    """256-byte blocks a second of `openssl speed -evp aes-256-gcm`; 0 without the program."""
    try:
        command = ["openssl", "speed", "-evp", "aes-256-gcm", "-bytes", "256", "-seconds", "2", "-mr"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0.0
    match = re.search(r"\+F:\d+:[^:]+:([\d.]+)", done.stdout)
    return float(match[1]) / 256 if match else 0.0


def through_the_orm(rows: int, rounds: int) -> None:
    """Rows with four texts of 50 bytes: written by bulk_create, read with every text looked at."""
    with own_keystore(), tables():
        keys.create_organization_key(ORGANIZATION)
        keys.create_member_key(ORGANIZATION, MEMBER)
        keep_what_is_loaded()  # as web and workers do
        rates = interleaved(
            {f"{model.__name__}, {verb}": _work(model, verb, rows) for verb in ("write", "read") for model in NOTES},
            rounds,
            times=1,
            each=rows,
        )
    print(f"\nThrough the ORM, {rows:,} rows with four texts")
    report(rates, "rows")
    for verb in ("write", "read"):
        print(f"  {verb}: {ratio(rates, f'SealedNote, {verb}', f'FernetNote, {verb}'):.1f} times the Fernet fields")


def _work(model: type[models.Model], verb: str, rows: int) -> Callable[[], None]:
    texts = dict.fromkeys(("title", "place", "people", "link"), "x" * 50)

    def write() -> None:
        model._default_manager.all().delete()
        values: dict[str, Any] = {"words": Words(**texts)} if model is SealedNote else texts
        made = [model(organization_id=ORGANIZATION, member_id=MEMBER, **values) for _ in range(rows)]
        model._default_manager.bulk_create(made, batch_size=1000)

    def read() -> None:
        for row in model._default_manager.all():
            words: Any = row.words if isinstance(row, SealedNote) else row
            assert len(words.title) + len(words.place) + len(words.people) + len(words.link) == 200

    return write if verb == "write" else read


def life_of_keys(rows: int) -> None:
    """Rotation with resealing, and rewrapping under a new master key."""
    from tests.organizations import make_pair
    from tests.security.rows import copies, fill

    with own_keystore() as folder:
        keys.create_installation_key()
        pair = make_pair()
        from calendars.models import Event

        copies(fill(pair.ada)[Event], rows)
        keys.rotate(KeyOwner(pair.organization_id, pair.ada.pk))
        began, cpu, server = time.perf_counter(), time.process_time(), server_seconds()
        with current.acting_for(pair.organization_id):
            done = resealing.reseal(member_id=pair.ada.pk)
        rotated = done.rows / (time.perf_counter() - began)
        own, other = time.process_time() - cpu, server_seconds() - server
        tenants = 1000
        for _ in range(tenants):
            keys.create_organization_key(uuid4())
        (folder / "master-keys").write_text((folder / "master-keys").read_text() + _key_line(2))
        began = time.perf_counter()
        wrapped = keys.rewrap_under_master()
        rewrapped = wrapped / (time.perf_counter() - began)
    _empty()
    print("\nLife of keys")
    print(f"  rotation: {rotated:,.0f} events a second sealed anew ({done.rows:,} rows, goal 10,000)")
    print(f"    of CPU: {done.rows / own:,.0f} a second here, {done.rows / other:,.0f} in PostgreSQL, ", end="")
    print(f"{done.rows / (own + other):,.0f} one after the other, as it would be on an idle machine")
    print(f"  master key in a file: {rewrapped:,.0f} keys a second ({wrapped:,}; goal 167, 10,000 in a minute)")


def server_seconds() -> float:
    """CPU that this connection's PostgreSQL process has used so far (proc(5))."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class own_keystore:  # noqa: N801 - reads as a context
    def __enter__(self) -> Path:
        self._folder = tempfile.TemporaryDirectory(prefix="clockwise-bench-")
        folder = Path(self._folder.name)
        (folder / "keystore").mkdir(mode=0o700)
        (folder / "master-keys").touch(mode=0o600)
        (folder / "master-keys").write_text(_key_line(1))
        settings.CLOCKWISE_KEYSTORE = str(folder / "keystore")
        settings.CLOCKWISE_KEY_FILE = str(folder / "master-keys")
        keys.forget_all()
        return folder

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()
        keys.forget_all()


class tables:  # noqa: N801
    def __enter__(self) -> None:
        with connections["owner"].schema_editor() as editor:
            for model in NOTES:
                editor.create_model(model)

    def __exit__(self, *error: object) -> None:
        connection.close()
        with connections["owner"].schema_editor() as editor:
            for model in NOTES:
                editor.delete_model(model)


def _key_line(generation: int) -> str:
    import base64

    return f"{generation}:{base64.b64encode(os.urandom(32)).decode()}\n"


def _empty() -> None:
    from django.apps import apps

    names = ", ".join(f'"{model._meta.db_table}"' for model in apps.get_models(include_auto_created=True)
                      if model._meta.app_label != "benchmarks")  # fmt: skip
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {names} CASCADE")


def interleaved(
    work: dict[str, Callable[[], Any]], rounds: int, *, times: int, each: int = 1
) -> dict[str, list[float]]:
    """Things a CPU second of this process, a round each: every competitor runs once in each round.

    CPU rather than wall time, so that other work on the machine changes the figures less.
    """
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            began = time.process_time()
            for _ in range(times):
                do()
            rates[name].append(times * each / (time.process_time() - began))
    return rates


def ratio(rates: dict[str, list[float]], ours: str, theirs: str) -> float:
    """The median of the rounds' own ratios, so that a slow moment of the machine hits both."""
    return statistics.median(a / b for a, b in zip(rates[ours], rates[theirs], strict=True))


def report(rates: dict[str, list[float]], unit: str) -> None:
    for name, measured in rates.items():
        print(f"  {name:24} {statistics.median(measured):12,.0f} {unit}/s")


if __name__ == "__main__":
    main()
