"""What the running system can say of itself: every figure is measured when somebody asks, none is written down."""

from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.db import connection

from clockwise import clock
from clockwise.audit import heads
from clockwise.audit.events import EVENTS
from clockwise.google import oauth
from clockwise.organizations.plans import FEATURES
from clockwise.organizations.roles import published
from clockwise.tenancy import rls
from privacy import egress, legal, register, retention

FORMAT = "clockwise-trust/1"
Json = dict[str, Any]


def figures() -> Json:
    return {
        "format": FORMAT,
        "measured_at": clock.now().isoformat(),
        "documents": [
            {
                "name": document.name,
                "url": f"{settings.CLOCKWISE_BASE_URL}{document.path}",
                "version": document.version,
                "changed_on": document.changed_on.isoformat(),
                "sha256": legal.digest(document),
            }
            for document in legal.DOCUMENTS
        ],
        "certificates": [],
        "prepared_for": ["SOC 2 Type 2", "GDPR", "CCPA and CPRA", "OWASP ASVS 5.0 level 2"],
        "encryption": {
            "at_rest": "AES-256-GCM",
            "master_key": settings.CLOCKWISE_KEY_PROVIDER,
            "keystore": "s3" if settings.CLOCKWISE_KEYSTORE.startswith("s3://") else "folder",
        },
        "transport": {
            "https_only": not settings.LOCAL_MODE,
            "hsts_seconds": getattr(settings, "SECURE_HSTS_SECONDS", 0),
            "content_security_policy": build_policy(),
        },
        "tenancy": _tenancy(),
        "sign_in": {
            "passwords": _columns_like_passwords(),
            "scopes": {"identity": list(oauth.IDENTITY_SCOPES), "calendars": list(oauth.CALENDAR_SCOPES)},
        },
        "data_register": _register(),
        "retention": [
            {"name": found.name, "days": found.days, "least": found.least, "most": found.most}
            for found in retention.all_of_them()
        ],
        "sub_processors": [
            {"name": each.name, "purpose": each.purpose, "data": each.data, "announced_on": str(each.announced_on)}
            for each in legal.sub_processors()
            if each.in_use
        ],
        "egress": {
            "published": egress.published(),
            "seen": egress.seen(),
            "outside": egress.outside(egress.seen()),
        },
        "audit": {"public_key": heads.public_key().hex(), "latest_head": _head(), "events": EVENTS},
        "roles": list(published()),
        "plans": {plan.value: sorted(feature.value for feature in features) for plan, features in FEATURES.items()},
    }


def _tenancy() -> Json:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped "
            "WHERE c.relkind IN ('r', 'p')"
        )
        [tables] = cursor.fetchone()
        cursor.execute(rls.UNPROTECTED)
        unprotected = len(cursor.fetchall())
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        [bypasses] = cursor.fetchone()
    return {"tenant_tables": tables, "unprotected": unprotected, "application_bypasses_row_level_security": bypasses}


def _columns_like_passwords() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name ~* 'passw|passphrase'"
        )
        return int(cursor.fetchone()[0])


def _register() -> Json:
    tables = register.tables()
    return {
        "tables": len(tables),
        "personal_columns": sum(len(table.personal) for table in tables),
        "secret_columns": sum(len(table.secret) for table in tables),
        "undeclared_columns": len(list(register.undeclared())),
    }


def _head() -> Json | None:
    head = heads.latest()
    return {"number": head.number, "at": head.at.isoformat(), "root": head.root.hex()} if head else None
