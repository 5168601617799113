"""`python -m benchmarks.scim`: requests a second against the bare library, in one run, on one PostgreSQL.

Both serve an organization of 20,000 users beside another one, with the same server and the same clients. Ours seals
what it stores, stays behind row-level security, and writes audit and provisioning log; the library, as it comes, does
none of that. Rounds alternate, so that a busy machine slows both. Users that the mix makes are members, with a key
each, and PATCH ends their access.
"""

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from clockwise import embedded

ROOT = Path(__file__).resolve().parent.parent
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CLIENTS = 4
# How searches of the bare library are kept to one tenant: the hook of its settings thins all tenants' rows in Python,
# the example of its filters' docstring adds to the SQL (and can be escaped, see `tests/scim/defects.py`).
SCOPES = {"bare": {"BARE_SCOPE": "hook"}, "bare, SQL suffix": {"BARE_SCOPE": "suffix"}}


@dataclass
class Server:
    name: str
    port: int
    token: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def connect(self) -> "Connection":
        return Connection(self.port)

    def ask(self, connection: "Connection", method: str, path: str, body: Any = None) -> Any:
        content = json.dumps(body).encode() if body is not None else b""
        head = (
            f"{method} /scim/v2{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/scim+json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        status, answer = connection.send(head.encode() + content)
        if status >= 400:
            raise RuntimeError(f"{self.name} answered {method} {path} by {status}: {answer[:200]!r}")
        return json.loads(answer) if answer else None


class Connection:
    """A kept connection that costs next to nothing: the client shares the machine with the servers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> tuple[int, bytes]:
        """The answer's status and content."""
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, content = received.partition(b"\r\n\r\n")
        status = int(head[9:12])
        if b"chunked" in head:
            while not content.endswith(b"\r\n0\r\n\r\n"):
                content += self._receive()
            return status, b"".join(content.split(b"\r\n")[1::2])
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        while len(content) < (int(length[1]) if length else 0):
            content += self._receive()
        return status, content

    def close(self) -> None:
        self.socket.close()

    def _receive(self) -> bytes:
        received = self.socket.recv(1 << 16)
        if not received:
            raise RuntimeError("The server closed the connection.")
        return received


def user(name: str, number: int) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": name,
        "externalId": f"ext-{number}",
        "name": {"givenName": "Given", "familyName": f"Family{number}"},
        "displayName": f"Given Family{number}",
        "emails": [{"value": name, "type": "work", "primary": True}],
        "title": "Guide",
        "active": True,
    }


def name_of(number: int) -> str:
    return f"user{number}@bench.example"


Act = Callable[[Server, Connection, int, int], None]


def filter_one(server: Server, connection: Connection, step: int, people: int) -> None:
    asked = quote(f'userName eq "{name_of((step * 7919) % people)}"')
    found = server.ask(connection, "GET", f"/Users?filter={asked}")
    assert found["totalResults"] == 1, found


def list_hundred(server: Server, connection: Connection, step: int, people: int) -> None:
    found = server.ask(connection, "GET", f"/Users?count=100&startIndex={(step * 100) % (people - 100) + 1}")
    assert len(found["Resources"]) == 100


class Mix:
    """Equal parts filter, POST, PATCH and GET; PATCH switches off the one that was made just before."""

    def __init__(self) -> None:
        self.made = threading.local()

    def __call__(self, server: Server, connection: Connection, step: int, people: int) -> None:
        part = step % 4
        if part == 0:
            filter_one(server, connection, step, people)
        elif part == 1:
            number = 10**6 + int(uuid4().int % 10**9)
            self.made.id = server.ask(connection, "POST", "/Users", user(name_of(number), number))["id"]
        elif part == 2:
            off = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "active", "value": False}]}
            server.ask(connection, "PATCH", f"/Users/{self.made.id}", off)
        else:
            server.ask(connection, "GET", f"/Users/{self.made.id}")


@dataclass
class Measured:
    requests: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.times, n=20)[-1] * 1000


def measure(server: Server, act: Act, people: int, seconds: float, into: Measured) -> None:
    """Let the clients go on for so long; raises what one of them raised."""
    failed: list[BaseException] = []
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        connection, step = server.connect(), number * 4 * 1000
        try:
            while time.monotonic() < until or step % 4:
                began = time.monotonic()
                act(server, connection, step, people)
                into.times.append(time.monotonic() - began)
                step += 1
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)
        finally:
            connection.close()

    began, before = time.monotonic(), len(into.times)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    into.seconds += time.monotonic() - began
    into.requests += len(into.times) - before


@contextmanager
def served(module: str, environment: dict[str, str], probe: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="clockwise-bench-") as folder:
        command = [sys.executable, "-m", "gunicorn", module, "--bind", f"127.0.0.1:{port}", "--workers", "2"]
        command += ["--threads", "2", "--log-level", "error", "--access-logfile", "/dev/null", "--no-control-socket"]
        process = subprocess.Popen([*command, "--worker-tmp-dir", folder], cwd=ROOT, env={**os.environ, **environment})
        try:
            _wait(port, probe, process)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, probe: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", probe)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("A server didn't start.")


def seed_ours(people: int) -> str:
    """The organization, by the models: 20,000 documents and their indexes. Returns a token."""
    import django

    django.setup()
    from clockwise import clock
    from clockwise.organizations import members
    from clockwise.tenancy import current
    from scim import indexes, tokens
    from scim.models import IndexedValue, ProvisioningSettings, Resource
    from scim.schema.registry import of

    kind = of("User")
    organization_id = members.create_organization(domain=f"{uuid4().hex}.example", name="Bench", plan="enterprise")
    for begin in range(0, people, 1000):
        with current.organization(organization_id):
            at = clock.now()
            rows, values = [], []
            for number in range(begin, min(begin + 1000, people)):
                document = user(name_of(number), number)
                del document["schemas"], document["active"]
                row = Resource(resource_type="User", document=document, created_at=at, modified_at=at)
                rows.append(row)
                for path, index in indexes.entries(row, document):
                    unique = path in kind.unique_paths
                    values.append(
                        IndexedValue(
                            resource_id=row.pk, resource_type="User", path=path, value_index=index, is_unique=unique
                        )
                    )
            Resource.objects.bulk_create(rows)
            IndexedValue.objects.bulk_create(values)
    with current.organization(organization_id):
        ProvisioningSettings.objects.create(requests_per_second=1_000_000)
        return tokens.create("Bench")


BARE_SEED = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from tests.scim.bare.models import Token, User
from tests.scim.bare.token import token_hash
Token.objects.create(token_hash=token_hash("1"), tenant_id=1)
for tenant in (1, 2):
    made = User.objects.bulk_create([User(username=f"{{'' if tenant == 1 else 'two-'}}user{{n}}@bench.example",
        email=f"user{{n}}@bench.example", first_name="Given", last_name=f"Family{{n}}", tenant_id=tenant)
        for n in range({people})], batch_size=2000)
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("UPDATE bare_user SET scim_id = id::text")
    cursor.execute("ANALYZE")
"""


def seed_bare(environment: dict[str, str], people: int) -> None:
    command = [sys.executable, "-c", BARE_SEED.format(people=people)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


def prepare_bare_schema(owner_url: str) -> str:
    """A fresh schema of the owner's for the library's tables; its address."""
    import psycopg2

    connection = psycopg2.connect(owner_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        cursor.execute("CREATE SCHEMA bare")
    connection.close()
    return owner_url + ("&" if "?" in owner_url else "?") + "options=-csearch_path%3Dbare"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.environ.update(embedded.join(ROOT / ".run" / "bench"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"
    bare = {
        "BARE_DATABASE_URL": prepare_bare_schema(os.environ["CLOCKWISE_DB_OWNER_URL"]),
        "DJANGO_SETTINGS_MODULE": "tests.scim.bare.settings",
    }
    print(f"Seeding {options.people} users in each...", flush=True)
    token = seed_ours(options.people)
    seed_bare(bare, options.people)
    with ExitStack() as stack:
        ours = Server(
            "ours", stack.enter_context(served("clockwise.wsgi", {}, "/scim/v2/ServiceProviderConfig")), token
        )
        rivals = [
            Server(name, stack.enter_context(served("tests.scim.bare.wsgi", bare | scope, "/scim/v2/Users")), "1")
            for name, scope in SCOPES.items()
        ]
        acts: list[tuple[str, Act, float]] = [
            ("userName eq", filter_one, 3.0),
            ("list of 100", list_hundred, 10.0),
            ("provisioning mix", Mix(), 2.0),
        ]
        print(f"{'':<18}{'':<17}{'requests/s':>11}{'p95 ms':>9}{'ratio':>8}{'bar':>6}")
        for name, act, bar in acts:
            servers = [ours, *rivals]
            figures = [Measured() for _ in servers]
            for server in servers:
                measure(server, act, options.people, 1.0, Measured())
            for _ in range(options.rounds):
                for server, figure in zip(servers, figures, strict=True):
                    measure(server, act, options.people, options.seconds, figure)
            for server, figure in zip(servers, figures, strict=True):
                ratio = "" if server is ours else f"{figures[0].per_second / figure.per_second:>8.1f}{bar:>6.0f}"
                print(f"{name:<18}{server.name:<17}{figure.per_second:>11.1f}{figure.p95_ms:>9.1f}{ratio}", flush=True)
        connection, everybody = ours.connect(), quote('userName co "user1999"')
        seconds = []
        for _ in range(5):
            began = time.monotonic()
            found = ours.ask(connection, "GET", f"/Users?count=1&filter={everybody}")
            seconds.append(time.monotonic() - began)
            assert found["totalResults"] >= 11 or options.people < 20_000
        print(f"userName co over {options.people}: best {min(seconds):.2f} s, worst {max(seconds):.2f} s, bar 1 s")


if __name__ == "__main__":
    main()
