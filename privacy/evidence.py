"""The evidence bundle: what the machine can prove for each of the 61 SOC 2 criteria, signed, and what it can't.

Trust Services Criteria (AICPA, 2017, points of focus 2022): 33 common, 3 availability, 2 confidentiality, 5 processing
integrity, 18 privacy. It is evidence for an audit, never a certificate.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clockwise import clock
from clockwise.audit import verify as audit_verify
from clockwise.encryption.keys import installation_key
from privacy import register, trust

FORMAT = "clockwise-evidence/1"
STALE = timedelta(days=90)
_CONTEXT = b"clockwise-evidence/1"
_BUNDLE, _SIGNATURE = "evidence.json", "evidence.sig"
Json = dict[str, Any]


class BundleRefused(Exception):
    """It isn't a bundle, or not as this installation signed it."""


def _numbered(prefix: str, *counts: int) -> list[str]:
    return [f"{prefix}{group}.{n}" for group, count in enumerate(counts, 1) for n in range(1, count + 1)]


CRITERIA = (
    *_numbered("CC", 5, 3, 4, 2, 3, 8, 5, 1, 2),
    *_numbered("A", 3),
    *_numbered("C", 2),
    *_numbered("PI", 5),
    *_numbered("P", 1, 1, 2, 3, 2, 7, 1, 1),
)


@dataclass(frozen=True)
class Artefact:
    """`name` is where its measurement stands in the bundle."""

    name: str
    says: str
    measure: Callable[[Json], Any]


def _audit_reports(figures: Json) -> list[Json]:
    reports = []
    for organization_id in audit_verify.organizations():
        report = audit_verify.organization(organization_id)
        reports.append({"entries": report.entries, "findings": [str(finding) for finding in report.findings]})
    return reports


ARTEFACTS = (
    Artefact("roles", "who may use which address; anything else is denied", lambda f: f["roles"]),
    Artefact("tenancy", "organizations are kept apart by the database", lambda f: f["tenancy"]),
    Artefact("encryption", "what is sealed, with which keys", lambda f: f["encryption"]),
    Artefact("transport", "https, and what a browser may load", lambda f: f["transport"]),
    Artefact("sign_in", "no passwords; least scopes at Google", lambda f: f["sign_in"]),
    Artefact("audit", "each organization's log, verified while this was made", _audit_reports),
    Artefact("events", "what is written to the log", lambda f: f["audit"]["events"]),
    Artefact("egress", "hosts that are published, and hosts that were seen", lambda f: f["egress"]),
    Artefact("register", "each column: class, purpose, legal basis, retention", lambda f: _register_lines()),
    Artefact("retention", "how long things are kept", lambda f: f["retention"]),
    Artefact("documents", "published documents with version and hash", lambda f: f["documents"]),
    Artefact("sub_processors", "who else processes data", lambda f: f["sub_processors"]),
)

# What a machine can show for a criterion. One that isn't here is for people to prove.
PROVED_BY: Mapping[str, tuple[str, ...]] = {
    "CC2.1": ("events", "register"),
    "CC2.3": ("documents", "sub_processors"),
    "CC4.1": ("audit", "tenancy"),
    "CC5.2": ("roles", "tenancy"),
    "CC6.1": ("encryption", "roles", "tenancy", "sign_in"),
    "CC6.2": ("sign_in", "events"),
    "CC6.3": ("roles", "audit"),
    "CC6.5": ("retention",),
    "CC6.6": ("transport", "egress"),
    "CC6.7": ("transport", "encryption", "egress"),
    "CC7.2": ("events", "audit"),
    "CC7.3": ("audit",),
    "CC9.2": ("sub_processors",),
    "C1.1": ("register", "encryption"),
    "C1.2": ("retention",),
    "PI1.1": ("register",),
    "PI1.3": ("audit",),
    "PI1.5": ("encryption", "tenancy"),
    "P1.1": ("documents", "register"),
    "P2.1": ("documents", "events"),
    "P3.1": ("register", "sign_in"),
    "P3.2": ("sign_in", "events"),
    "P4.1": ("register",),
    "P4.2": ("retention", "register"),
    "P4.3": ("retention", "events"),
    "P5.1": ("events", "register"),
    "P5.2": ("events",),
    "P6.1": ("sub_processors", "egress"),
    "P6.2": ("events", "egress"),
    "P6.4": ("sub_processors",),
    "P6.7": ("register", "events"),
    "P7.1": ("register",),
    "P8.1": ("documents",),
}


def make(*, manual: Mapping[str, Mapping[str, str]] | None = None, watermark: str = "") -> bytes:
    """A signed zip. `manual`: criterion to `{"note", "date"}` of what people have shown outside.

    `watermark`: whom this copy was handed to; it is under the signature. Opens its own transactions.
    """
    figures = trust.figures()
    at = clock.now()
    content = {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "watermark": watermark,
        "claim": "Evidence for an audit. No certificate, and nobody's opinion.",
        "criteria": [_criterion(name, (manual or {}).get(name), at.date()) for name in CRITERIA],
        "artefacts": {
            each.name: {"says": each.says, "measured_at": at.isoformat(), "value": each.measure(figures)}
            for each in ARTEFACTS
        },
    }
    bundle = json.dumps(content, indent=1, ensure_ascii=False, default=str).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(_BUNDLE, bundle)
        made.writestr(_SIGNATURE, _private_key().sign(_signed(bundle)).hex())
    return archive.getvalue()


def open_bundle(content: bytes, *, key: bytes | None = None) -> Json:
    """What it says, if it is as it was signed. `key`: the public key to hold it against, by default our own.

    Raises BundleRefused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            bundle, signature = archive.read(_BUNDLE), bytes.fromhex(archive.read(_SIGNATURE).decode())
        Ed25519PublicKey.from_public_bytes(key or public_key()).verify(signature, _signed(bundle))
        opened: Json = json.loads(bundle)
    except (zipfile.BadZipFile, KeyError, ValueError, InvalidSignature, NotImplementedError, EOFError):
        raise BundleRefused("This is not a bundle as this installation signed it.") from None
    return opened


def public_key() -> bytes:
    """32 bytes with which anybody checks a bundle; published in trust.json."""
    return _private_key().public_key().public_bytes_raw()


def _criterion(name: str, shown: Mapping[str, str] | None, today: date) -> Json:
    """`state`: proved (by machine, now), shown (by people, dated), stale (that is over 90 days old), or manual."""
    line: Json = {"criterion": name, "artefacts": list(PROVED_BY.get(name, ()))}
    if shown:
        dated = date.fromisoformat(shown["date"])
        line |= {"note": shown["note"], "date": dated.isoformat(), "is_stale": today - dated > STALE}
    if line["artefacts"]:
        line["state"] = "proved"
    elif shown:
        line["state"] = "stale" if line["is_stale"] else "shown"
    else:
        line["state"] = "manual"
    return line


def _register_lines() -> list[Json]:
    return [
        {
            "column": f"{table.name}.{column.name}",
            "class": table.class_of(column.name),
            "purpose": table.purpose,
            "basis": table.basis,
            "retention": table.retention,
        }
        for table in register.tables()
        for column in table.model._meta.local_concrete_fields
    ]


def _signed(bundle: bytes) -> bytes:
    return _CONTEXT + hashlib.sha256(bundle).digest()


def _private_key() -> Ed25519PrivateKey:
    """From the installation's key in the keystore, as the audit log's heads, under a purpose of its own."""
    return Ed25519PrivateKey.from_private_bytes(installation_key().subkey("evidence bundles"))
