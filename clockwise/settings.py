"""Django's settings. Values that differ between installations come from `env.py`, and only from there."""

import warnings
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from kombu import Queue

from clockwise.env import Environment, database

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = Environment()
ENV.refuse_unsafe()

SECRET_KEY = ENV.secret_key
DEBUG = ENV.flag("DEBUG")
ALLOWED_HOSTS = ENV.allowed_hosts
LOCAL_MODE = ENV.local_mode
CLOCKWISE_BASE_URL = ENV.base_url
CLOCKWISE_PUSH_URL = ENV.push_url
CLOCKWISE_PLAN = ENV.plan
CLOCKWISE_KEY_PROVIDER = ENV.key_provider
CLOCKWISE_KEY_FILE = ENV.text("CLOCKWISE_KEY_FILE")
CLOCKWISE_KMS_KEY_ID = ENV.text("CLOCKWISE_KMS_KEY_ID")
CLOCKWISE_KEYSTORE = ENV.keystore
CLOCKWISE_AUDIT_ANCHORS = ENV.audit_anchors
GOOGLE = ENV.google()
# Where vulnerabilities are reported; without it security@ the host of CLOCKWISE_BASE_URL.
CLOCKWISE_SECURITY_CONTACT = ENV.text("CLOCKWISE_SECURITY_CONTACT")
# Whose members may be the operator's staff; without it nobody is.
CLOCKWISE_OPERATOR_DOMAIN = ENV.text("CLOCKWISE_OPERATOR_DOMAIN")
globals().update(ENV.mail())
DEFAULT_FROM_EMAIL = ENV.text("CLOCKWISE_MAIL_FROM", "clockwise@localhost")
GOOGLE_REQUESTS_A_MINUTE = ENV.google_requests_a_minute()
REQUESTS_PER_SECOND = ENV.requests_per_second()

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "clockwise",
    "clockwise.tenancy",
    "clockwise.encryption",
    "clockwise.audit",
    "clockwise.organizations",
    "privacy",
    "calendars",
    "scheduling",
    "scim",
]

MIDDLEWARE = [
    "clockwise.audit.middleware.OriginMiddleware",
    "clockwise.middleware.OneLoopbackNameMiddleware",
    "clockwise.middleware.ProgramsOverTlsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "clockwise.middleware.ClosedHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last, so that its process_view wraps the view alone in the organization's transaction.
    "clockwise.tenancy.middleware.TenantMiddleware",
]
TENANT_RESOLVERS = [
    "clockwise.organizations.tokens.organization_of_request",
    "clockwise.organizations.sessions.organization_of_request",
]

# Asked before each view, inside the organization's transaction: the table of roles.
TENANT_GUARD = "clockwise.organizations.guard.refusal"

ROOT_URLCONF = "clockwise.urls"
WSGI_APPLICATION = "clockwise.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

# The application's role is neither owner nor superuser; only `migrate` uses the owner's connection.
DATABASES = {"default": database(ENV.database_url)}
if ENV.owner_url:
    DATABASES["owner"] = database(ENV.owner_url)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organizations.Member"
AUTHENTICATION_BACKENDS = ["clockwise.organizations.signin.GoogleSignInBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, str]] = []
LOGIN_URL = "landing"

SESSION_ENGINE = "clockwise.organizations.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_TRUSTED_ORIGINS = [CLOCKWISE_BASE_URL]
if not LOCAL_MODE:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        # What becomes HTML passes `trusted.js`; nothing becomes a script.
        "trusted-types": ["default", "look"],
    }
}

STATIC_URL = "static/"
# The image's build collects static files there; elsewhere they are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clockwise.organizations.tokens.ApiTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": None,
}

# django-scim2 reads these once. Resource types beyond RFC 7643's are for tests alone.
SCIM_SERVICE_PROVIDER = {
    "NETLOC": urlsplit(CLOCKWISE_BASE_URL).netloc,
    "AUTH_CHECK_MIDDLEWARE": "scim.auth.BearerTokenCheck",
    "AUTHENTICATION_SCHEMES": [
        {
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token from the organization's provisioning page, in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": True,
        }
    ],
}
SCIM_EXTRA_RESOURCE_TYPES: list[str] = []

CELERY_BROKER_URL = ENV.redis_url.replace("unix://", "redis+socket://", 1)
# What workers load at their start and the web never does: the optimizer, with its compiler.
CELERY_IMPORTS = ["scheduling.runs"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request that wakes a worker doesn't wait for a broker that is away: the rows are the queue.
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0, "interval_start": 0, "socket_connect_timeout": 2}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
REDIS_URL = ENV.redis_url
# A queue for each kind of work, served in turn: none waits for another's backlog.
CELERY_TASK_QUEUES = [Queue(name) for name in ("celery", "writes", "reading")]
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "calendars.perform_writes": {"queue": "writes"},
    "calendars.sync_*": {"queue": "reading"},
    "calendars.refresh_*": {"queue": "reading"},
    "scheduling.read_*": {"queue": "reading"},
}
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "calendars.sweep", "schedule": 60},
    "grants": {"task": "calendars.check_grants", "schedule": 15},
    "directories": {"task": "organizations.look_into_directories", "schedule": 30},
    "housekeeping": {"task": "organizations.forget_old", "schedule": 24 * 3600},
    "receipts": {"task": "organizations.mail_receipts", "schedule": 24 * 3600},
    "daily runs": {"task": "scheduling.start_daily_runs", "schedule": 60},
    "personal": {"task": "scheduling.sweep_personal_calendars", "schedule": 60},
    "colleagues": {"task": "calendars.ask_for_colleagues", "schedule": 15 * 60},
    "directory people": {"task": "calendars.read_directories", "schedule": 6 * 3600},
    "audit": {"task": "audit.seal_the_minute", "schedule": 60},
    "privacy": {"task": "privacy.sweep", "schedule": 30},
    "retention": {"task": "privacy.retain", "schedule": 3600},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "clockwise.logs.CleanFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
