"""Settings, read from the environment only.

Each variable is named, typed and described in docs/configuration.md. `readiness run` (the embedded default)
sets DATABASE_URL, REDIS_URL and SECRET_KEY itself; a production process gets them from its operator.
"""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from readiness.accounts.signup import parse_signup

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# -- What kind of process this is ------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", default=False)
DEMO: bool = env.bool("READINESS_DEMO", default=False)
BASE_URL: str = env.str("READINESS_BASE_URL", default="http://localhost:8000").rstrip("/")
HTTPS: bool = BASE_URL.startswith("https://")
DATA_DIR = Path(env.str("READINESS_DATA", default=str(BASE_DIR / "var"))).resolve()
STORED_FILES_DIR = DATA_DIR / "files"

_UNSAFE_KEY = "insecure-development-key-that-check-deploy-refuses"
SECRET_KEY: str = env.str("SECRET_KEY", default=_UNSAFE_KEY)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
if SECRET_KEY == _UNSAFE_KEY and HTTPS:
    raise ImproperlyConfigured("Set SECRET_KEY: READINESS_BASE_URL is https, so this is a real installation.")

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL] if HTTPS else [])

# -- Applications ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "readiness",
    "readiness.accounts",
    "checklist",
    "reviews",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "readiness.middleware.TimeZoneMiddleware",
    "readiness.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "readiness.urls"
ASGI_APPLICATION = "readiness.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "readiness.context.page",
            ],
        },
    }
]
FORM_RENDERER = "readiness.forms.FormRenderer"

# -- Database, broker, cache -----------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://readiness@127.0.0.1:5432/readiness")}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    # ASGI opens a connection per request: a small pool per process keeps that cheap.
    "pool": {"min_size": 0, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 10},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Rate limits are counted here, over all processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "readiness",
    }
}

# -- Accounts (docs/accounts.md) --------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["readiness.accounts.backends.EmailBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds; also how long an invitation holds

# Who may sign up without an invitation: "closed", "open", or "domain:example.com,example.org".
SIGNUP = parse_signup(env.str("READINESS_SIGNUP", default="open" if DEMO else "closed"))

ACCOUNT_ADAPTER = "readiness.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "readiness.accounts.forms.SignupNameForm"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Readiness] "
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_PREVENT_ENUMERATION = True
# By a code, not a link: mail scanners open links, and a passkey sign-up has to stay in one browser session.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/10s/key",
}
# How many reverse proxies stand before the web process. The client's address for rate limits is taken from
# X-Forwarded-For only past that many; 0 means the header is not believed.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)

MFA_ADAPTER = "readiness.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_TOTP_ISSUER = "Readiness"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds: phones' clocks are off by some

SOCIALACCOUNT_ADAPTER = "readiness.accounts.adapters.SocialAdapter"
# An existing account is joined only by an address that the provider says is verified.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {}
if OIDC_CLIENT_ID := env.str("OIDC_CLIENT_ID", default=""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": env.str("OIDC_NAME", default="Single sign-on"),
                "client_id": OIDC_CLIENT_ID,
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("OIDC_SERVER_URL").rstrip("/")},
            }
        ],
    }
if GITHUB_CLIENT_ID := env.str("GITHUB_CLIENT_ID", default=""):
    SOCIALACCOUNT_PROVIDERS["github"] = {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": ["read:user", "user:email"],
        "APPS": [{"client_id": GITHUB_CLIENT_ID, "secret": env.str("GITHUB_CLIENT_SECRET")}],
    }

# -- Mail ------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Readiness <readiness@localhost>")
SERVER_EMAIL = parseaddr(DEFAULT_FROM_EMAIL)[1]

# -- Static files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# -- Probes ----------------------------------------------------------------------------------------------
# Where probes may connect besides public addresses on ports 80 and 443: CIDR[:ports] or host[:ports]. Only here,
# never in the pages: whoever may set this may reach the network that this server stands in.
EGRESS_ALLOW: list[str] = env.list("READINESS_EGRESS_ALLOW", default=[])
EGRESS_CA: str = env.str("READINESS_EGRESS_CA", default="")
PROBE_PLUGINS: list[str] = env.list("READINESS_PROBE_PLUGINS", default=[])

# -- Language and time -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
