"""Settings of the bare library; `BARE_DATABASE_URL` names its database, SQLite in memory without one."""

import os

import dj_database_url

SECRET_KEY = "bare"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "tests.scim.bare.apps.BareConfig"]
MIDDLEWARE = ["tests.scim.bare.token.TokenMiddleware"]
ROOT_URLCONF = "tests.scim.bare.urls"
AUTH_USER_MODEL = "bare.User"
SILENCED_SYSTEM_CHECKS = ["auth.E003"]
DATABASES = {
    "default": dj_database_url.parse(os.environ.get("BARE_DATABASE_URL", "sqlite://:memory:"), conn_max_age=600)
}
SCIM_SERVICE_PROVIDER = {
    "NETLOC": "localhost",
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "Bearer", "description": "Bearer"}],
    "USER_ADAPTER": "tests.scim.bare.adapters.TenantUser",
    "GROUP_MODEL": "tests.scim.bare.models.Group",
    "USER_FILTER_PARSER": "tests.scim.bare.glue.Users",
    "GROUP_FILTER_PARSER": "tests.scim.bare.glue.Groups",
    "GET_EXTRA_MODEL_FILTER_KWARGS_GETTER": "tests.scim.bare.glue.tenant_filter",
}
LOGGING = {"version": 1, "disable_existing_loggers": True, "root": {"level": "CRITICAL"}}
