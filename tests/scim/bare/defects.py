"""`python -m tests.scim.bare.defects`: which of the six defects the bare library shows, as a line of JSON."""

import json
import os
import sys
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.scim.bare.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from tests.scim import defects  # noqa: E402
from tests.scim.bare.models import Group, Token, User  # noqa: E402
from tests.scim.bare.token import token_hash  # noqa: E402


class BareTenant:
    """A tenant of the bare library. Its scim_ids are as an operator would choose them: not the primary keys."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.made = 0

    def ask(self, method: str, path: str, body: Any = None) -> defects.Answer:
        answer = Client(raise_request_exception=False).generic(
            method,
            f"/scim/v2{path}",
            "" if body is None else json.dumps(body),
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {self.number}"},
        )
        try:
            return answer.status_code, json.loads(answer.content or b"null")
        except ValueError:
            return answer.status_code, None

    def make_user(self, name: str) -> str:
        made = User.objects.create(username=name, email=name, tenant_id=self.number, first_name=name)
        if self.number == 1:
            # Names the row of another tenant's, made just before.
            User.objects.filter(pk=made.pk).update(scim_id=str(made.pk - 1))
            return str(made.pk - 1)
        User.objects.filter(pk=made.pk).update(scim_id=f"two-{made.pk}" if "kept" in name else str(made.pk))
        return f"two-{made.pk}" if "kept" in name else str(made.pk)

    def make_group(self, name: str) -> str:
        made = Group.objects.create(name=name, tenant_id=self.number)
        return str(made.scim_id)


def main() -> None:
    shown = {}
    for name, check in defects.CHECKS.items():
        call_command("migrate", run_syncdb=True, verbosity=0)
        call_command("flush", interactive=False, verbosity=0)
        Token.objects.bulk_create([Token(token_hash=token_hash(str(tenant)), tenant_id=tenant) for tenant in (1, 2)])
        shown[name] = check(BareTenant(1), BareTenant(2))
    connection.close()
    sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    main()
