"""The only reader of the environment: converts, refuses, and names the variable and the remedy."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from clockwise.transport import LOOPBACK as LOOPBACK
from clockwise.transport import database_is_verified, is_local_address, redis_is_verified

DEFAULT_PASSWORDS = {"postgres", "password", "changeme", "secret", "clockwise", "cw_app", "cw_owner", "admin"}
FEWEST_DIFFERENT_CHARACTERS = 10
PLANS = ("free", "teams", "business", "enterprise")

GOOGLE_DEFAULTS = {
    "GOOGLE_AUTH_URI": "https://accounts.google.com/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URI": "https://oauth2.googleapis.com/token",
    "GOOGLE_REVOKE_URI": "https://oauth2.googleapis.com/revoke",
    "GOOGLE_USERINFO_URI": "https://openidconnect.googleapis.com/v1/userinfo",
    "GOOGLE_JWKS_URI": "https://www.googleapis.com/oauth2/v3/certs",
    "GOOGLE_ISSUERS": "https://accounts.google.com,accounts.google.com",
    "GOOGLE_API_ROOT": "https://www.googleapis.com/",
    "GOOGLE_RISC_CONFIGURATION_URI": "https://accounts.google.com/.well-known/risc-configuration",
}


ENGINE = "clockwise.tenancy.postgresql"


def database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq URL; what the URL says of TLS and of several hosts is kept."""
    parsed = dj_database_url.parse(url, ENGINE, conn_max_age=600, conn_health_checks=True)
    settings: dict[str, Any] = {**parsed}
    settings["OPTIONS"] = {"connect_timeout": 5, **settings.get("OPTIONS", {})}
    return settings


def refuse(variable: str, problem: str, remedy: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{variable} {problem}. {remedy}")


@dataclass(frozen=True)
class Environment:
    """The settings of README's table, checked. `local_mode` is SECURITY's: all addresses are this machine's."""

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def without_services(self) -> bool:
        """For commands that answer from their arguments alone (and the static checks of CI)."""
        return self.values.get("CLOCKWISE_WITHOUT_SERVICES") == "1"

    def text(self, variable: str, default: str = "") -> str:
        return self.values.get(variable, "").strip() or default

    def required(self, variable: str, remedy: str, *, stand_in: str) -> str:
        """The variable's text; `stand_in` where no service is going to be used."""
        value = self.text(variable)
        if value:
            return value
        if self.without_services:
            return stand_in
        raise refuse(variable, "is not set", remedy)

    def flag(self, variable: str) -> bool:
        value = self.text(variable, "0")
        if value not in {"0", "1"}:
            raise refuse(variable, "is neither 0 nor 1", "Set it to 1 for on, 0 for off.")
        return value == "1"

    def url(self, variable: str, schemes: set[str], remedy: str, *, stand_in: str) -> str:
        value = self.required(variable, remedy, stand_in=stand_in)
        if urlsplit(value).scheme not in schemes:
            raise refuse(variable, f"must start with one of {', '.join(sorted(schemes))}", remedy)
        return value

    @property
    def database_url(self) -> str:
        return self.url(
            "DATABASE_URL",
            {"postgres", "postgresql"},
            "Set postgres://cw_app:PASSWORD@HOST/clockwise, the application's unprivileged role.",
            stand_in="postgres://nobody@localhost/none",
        )

    @property
    def owner_url(self) -> str:
        return self.text("CLOCKWISE_DB_OWNER_URL")

    @property
    def redis_url(self) -> str:
        return self.url(
            "REDIS_URL",
            {"redis", "rediss", "unix"},
            "Set redis://HOST:6379/0, rediss://... or unix:///path.",
            stand_in="redis://localhost/0",
        )

    @property
    def secret_key(self) -> str:
        value = self.required("SECRET_KEY", "Set 50 random characters.", stand_in="without-services" * 4)
        if len(value) < 32:
            raise refuse("SECRET_KEY", "is shorter than 32 characters", "Set 50 random characters.")
        return value

    @property
    def base_url(self) -> str:
        return self.url(
            "CLOCKWISE_BASE_URL",
            {"http", "https"},
            "Set the address that people type, such as https://clockwise.example.com.",
            stand_in="http://127.0.0.1:8000",
        ).rstrip("/")

    @property
    def push_url(self) -> str:
        """Where Google's push messages come in, if not at `base_url`; "none" for nowhere."""
        value = self.text("CLOCKWISE_PUSH_URL").rstrip("/")
        if value not in {"", "none"} and not (value.startswith("https://") or is_local_address(value)):
            raise refuse("CLOCKWISE_PUSH_URL", "is not https", "Google sends to https alone; set none to poll instead.")
        return value

    @property
    def allowed_hosts(self) -> list[str]:
        return [host for host in self.text("ALLOWED_HOSTS").split(",") if host] or [
            urlsplit(self.base_url).hostname or "localhost"
        ]

    @property
    def plan(self) -> str:
        value = self.text("CLOCKWISE_PLAN", "enterprise")
        if value not in PLANS:
            raise refuse("CLOCKWISE_PLAN", "is no plan", f"Set one of {', '.join(PLANS)}.")
        return value

    @property
    def key_provider(self) -> str:
        value = self.required("CLOCKWISE_KEY_PROVIDER", "Set file or kms.", stand_in="file")
        if value not in {"file", "kms"}:
            raise refuse("CLOCKWISE_KEY_PROVIDER", "is neither file nor kms", "Set file or kms.")
        needed = {"file": "CLOCKWISE_KEY_FILE", "kms": "CLOCKWISE_KMS_KEY_ID"}[value]
        self.required(needed, f"CLOCKWISE_KEY_PROVIDER={value} needs it.", stand_in="none")
        return value

    @property
    def keystore(self) -> str:
        return self.required(
            "CLOCKWISE_KEYSTORE", "Set a folder with mode 0700, or s3://bucket/prefix.", stand_in="none"
        )

    @property
    def audit_anchors(self) -> str:
        value = self.text("CLOCKWISE_AUDIT_ANCHORS")
        if value and not value.startswith("s3://"):
            raise refuse("CLOCKWISE_AUDIT_ANCHORS", "is no bucket", "Set s3://bucket/prefix, with object lock on.")
        return value

    def mail(self) -> dict[str, Any]:
        """Django's mail settings of `CLOCKWISE_SMTP_URL`; without it no mail is sent. TLS always, off loopback."""
        value = self.text("CLOCKWISE_SMTP_URL")
        if not value:
            return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        parts = urlsplit(value)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise refuse("CLOCKWISE_SMTP_URL", "is no mail server", "Set smtp://USER:PASSWORD@HOST:587, or smtps://...")
        return {
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": parts.scheme == "smtp" and parts.hostname not in LOOPBACK,
            "EMAIL_TIMEOUT": 10,
        }

    def google(self) -> dict[str, str]:
        """The `GOOGLE_*` settings, Google's own addresses where none is set."""
        return {name: self.text(name, default) for name, default in GOOGLE_DEFAULTS.items()} | {
            name: self.text(name) for name in ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET")
        }

    def google_requests_a_minute(self) -> dict[str, int]:
        """Our own budgets, below the quotas that Google has given to the project."""
        return {
            "project": self.count("GOOGLE_REQUESTS_A_MINUTE", 8000),
            "person": self.count("GOOGLE_REQUESTS_A_MINUTE_EACH", 500),
        }

    def requests_per_second(self) -> dict[str, int]:
        """How often a signed-in person with their programs, and all that come from one address, may ask."""
        return {
            "member": self.count("CLOCKWISE_REQUESTS_A_SECOND_EACH", 20),
            "address": self.count("CLOCKWISE_REQUESTS_A_SECOND_ADDRESS", 200),
        }

    def count(self, variable: str, default: int) -> int:
        value = self.text(variable, str(default))
        if not value.isdecimal() or int(value) < 1:
            raise refuse(variable, "is no number from 1 on", f"Set a whole number, or leave it out for {default}.")
        return int(value)

    @property
    def local_mode(self) -> bool:
        """Whether every address is loopback, a socket or https, so that plain http is acceptable."""
        services = [self.base_url, self.database_url, self.redis_url]
        services += [self.owner_url] if self.owner_url else []
        outside = [v for k, v in self.google().items() if k.endswith(("_URI", "_ROOT"))]
        outside += [self.text("AWS_ENDPOINT_URL")] if self.text("AWS_ENDPOINT_URL") else []
        return all(map(is_local_address, services)) and all(
            url.startswith("https://") or is_local_address(url) for url in outside
        )

    def refuse_unsafe(self) -> None:
        """Stops the start of what could not keep its promises (SECURITY, section 12)."""
        if self.without_services:
            return
        self._refuse_readable_key_file()
        self._refuse_owner_as_application()
        if not self.local_mode:
            self._refuse_development_settings()
            self._refuse_plain_http()
            self._refuse_unverified_services()

    def _refuse_readable_key_file(self) -> None:
        if self.key_provider != "file":
            return
        path = Path(self.text("CLOCKWISE_KEY_FILE"))
        try:
            mode = path.stat().st_mode
        except OSError:
            remedy = '(umask 077; echo "1:$(openssl rand -base64 32)" > FILE) makes one.'
            raise refuse("CLOCKWISE_KEY_FILE", f"names {path}, which can't be reached", remedy) from None
        if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
            raise refuse("CLOCKWISE_KEY_FILE", f"names {path}, which others may read", "Run chmod 600 on it.")

    def _refuse_owner_as_application(self) -> None:
        if self.owner_url and urlsplit(self.owner_url).username == urlsplit(self.database_url).username:
            raise refuse(
                "DATABASE_URL",
                "names the role that owns the tables",
                "Use cw_app, the application's unprivileged role.",
            )

    def _refuse_development_settings(self) -> None:
        if self.flag("DEBUG"):
            raise refuse("DEBUG", "is on outside local mode", "Set DEBUG=0.")
        if self.text("OAUTHLIB_INSECURE_TRANSPORT"):
            raise refuse("OAUTHLIB_INSECURE_TRANSPORT", "is set outside local mode", "Unset it.")
        if _is_guessable(self.secret_key):
            raise refuse("SECRET_KEY", "is one that is easily guessed", "Set 50 random characters.")
        if any(host.startswith(("*", ".")) for host in self.allowed_hosts):
            raise refuse("ALLOWED_HOSTS", "lets any host name in", "List the names that people type.")
        for name, url in self._databases().items():
            if (urlsplit(url).password or "").lower() in DEFAULT_PASSWORDS:
                raise refuse(name, "has a default password", "Set a random one for this role.")

    def _refuse_plain_http(self) -> None:
        plain = {"CLOCKWISE_BASE_URL": self.base_url} | self.google()
        plain["AWS_ENDPOINT_URL"] = self.text("AWS_ENDPOINT_URL")
        for name, value in plain.items():
            if value.startswith("http://"):
                raise refuse(name, "is plain http outside local mode", "Use https.")

    def _refuse_unverified_services(self) -> None:
        for name, url in self._databases().items():
            if not is_local_address(url) and not database_is_verified(url):
                raise refuse(
                    name,
                    "reaches PostgreSQL over the network without checking its certificate",
                    "Add ?sslmode=verify-full&sslrootcert=FILE (or sslrootcert=system).",
                )
        if not is_local_address(self.redis_url) and not redis_is_verified(self.redis_url):
            raise refuse(
                "REDIS_URL",
                "reaches Redis over the network without checking its certificate",
                "Use rediss://HOST:6379/0?ssl_cert_reqs=required&ssl_ca_certs=FILE.",
            )

    def _databases(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url} | (
            {"CLOCKWISE_DB_OWNER_URL": self.owner_url} if self.owner_url else {}
        )


def _is_guessable(secret: str) -> bool:
    known = ("django-insecure-", "changeme", "change-me", "secret", "password")
    return len(set(secret)) < FEWEST_DIFFERENT_CHARACTERS or secret.lower().startswith(known)
