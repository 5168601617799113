"""The public documents: each with a version, a date and the hash of the text that is shown."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from clockwise.organizations.plans import Plan
from privacy import egress, register, retention
from privacy.register import Purpose


@dataclass(frozen=True)
class Document:
    """`template` holds the text alone. A change of the text comes with a new version, or a test fails."""

    name: str
    title: str
    path: str
    version: str
    changed_on: date

    @property
    def template(self) -> str:
        return f"privacy/legal/_{self.name}.html"


DOCUMENTS = (
    Document("trust", "Security overview", "/trust", "1.0", date(2026, 11, 25)),
    Document("privacy", "Privacy policy", "/legal/privacy", "1.0", date(2026, 11, 25)),
    Document("dpa", "Data processing agreement", "/legal/dpa", "1.0", date(2026, 11, 25)),
    Document("subprocessors", "Sub-processors", "/legal/subprocessors", "1.0", date(2026, 11, 25)),
    Document("disclosure", "Reporting a vulnerability", "/legal/disclosure", "1.0", date(2026, 11, 25)),
    Document("responsibility", "Who is responsible for what", "/legal/responsibility", "1.0", date(2026, 11, 25)),
)
# Accepted before the evidence bundle is handed out; not a public page.
NDA = Document("nda", "Confidentiality", "", "1.0", date(2026, 11, 25))
BY_NAME = {document.name: document for document in DOCUMENTS}
NOTICE_DAYS = 30


@dataclass(frozen=True)
class SubProcessor:
    """`in_use`: whether this installation's settings send anything there. A new one is announced 30 days before."""

    name: str
    purpose: str
    where: str
    data: str
    announced_on: date
    in_use: bool


def sub_processors() -> list[SubProcessor]:
    """Who else processes people's data here, by the settings that are in force."""
    hosts = set(egress.published())
    has_amazon = any("amazonaws.com" in host for host in hosts)
    first = date(2026, 11, 25)
    return [
        SubProcessor(
            "Google",
            "sign-in and the calendars themselves",
            "as the organization chose in Google Workspace",
            "identity; times, rooms and holds that are written back",
            first,
            in_use=True,
        ),
        SubProcessor(
            "Amazon Web Services",
            "wrapping and keeping data keys (KMS, S3)",
            "the region in the settings",
            "wrapped keys, no personal data",
            first,
            in_use=has_amazon,
        ),
    ]


def text_of(document: Document) -> str:
    """The document's body, as HTML."""
    return render_to_string(document.template, _facts())


def digest(document: Document) -> str:
    """SHA-256 of the text as a reader sees it: without tags and with single spaces."""
    plain = " ".join(re.sub(r"<[^>]+>", " ", text_of(document)).split())
    return hashlib.sha256(plain.encode()).hexdigest()


def security_contact() -> str:
    return settings.CLOCKWISE_SECURITY_CONTACT or f"security@{urlsplit(settings.CLOCKWISE_BASE_URL).hostname}"


def _facts() -> dict[str, Any]:
    people = register.about_people()
    return {
        "contact": security_contact(),
        "base_url": settings.CLOCKWISE_BASE_URL,
        "key_provider": settings.CLOCKWISE_KEY_PROVIDER,
        "keystore_is_s3": settings.CLOCKWISE_KEYSTORE.startswith("s3://"),
        "local_mode": settings.LOCAL_MODE,
        "purposes": [(purpose, [t for t in people if t.purpose == purpose]) for purpose in Purpose],
        "retentions": retention.all_of_them(),
        "sub_processors": sub_processors(),
        "hosts": egress.published(),
        "notice_days": NOTICE_DAYS,
        "plans": Plan,
    }
