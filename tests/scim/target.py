"""`make scim-target`: SCIM under the test settings until TERM, for suites that are run from outside.

Prints one line of JSON once it answers: the base URL, and two fresh organizations with a token each.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from uuid import UUID, uuid4

from clockwise import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
# No suite is meant to find the limit; its own tests do.
REQUESTS_PER_SECOND = 100_000


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Not the tests' own, whose tables are emptied after each of them.
    os.environ.update(embedded.join(ROOT / ".run" / "scim-target", durable=False))
    os.environ["CLOCKWISE_BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.scim.settings"
    organizations = [_organization() for _ in range(2)]
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="clockwise-scim-") as folder:
        server = subprocess.Popen(_command(port, folder), cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            _wait_until_it_answers(port, server)
            told = {"base_url": f"http://127.0.0.1:{port}/scim/v2", "organizations": organizations}
            print(json.dumps(told), flush=True)  # noqa: T201 - the answer of the target
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
            server.wait(timeout=30)


def _organization() -> dict[str, str]:
    """An enterprise organization without members, and its token."""
    import django

    django.setup()
    from clockwise.organizations import members
    from clockwise.tenancy import current
    from scim import tokens
    from scim.models import ProvisioningSettings

    organization_id: UUID = members.create_organization(
        domain=f"{uuid4().hex}.example", name="SCIM target", plan="enterprise"
    )
    with current.organization(organization_id):
        ProvisioningSettings.objects.create(requests_per_second=REQUESTS_PER_SECOND)
        return {"id": str(organization_id), "token": tokens.create("Target")}


def _command(port: int, folder: str) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "clockwise.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--threads", "4", "--log-level", "warning", "--access-logfile", "/dev/null"]
    return [*command, "--worker-tmp-dir", folder, "--no-control-socket"]


def _wait_until_it_answers(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/scim/v2/ServiceProviderConfig", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The SCIM target didn't start.")


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
