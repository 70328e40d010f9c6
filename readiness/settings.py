"""Settings, read from the environment only.

Each variable is named, typed and described in docs/configuration.md. `readiness run` (the embedded default)
sets DATABASE_URL, REDIS_URL and SECRET_KEY itself; a production process gets them from its operator.
"""

from __future__ import annotations

import os
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from readiness.accounts.signup import parse_signup
from readiness.embedded import places
from readiness.redis_url import broker_url, client_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# Set to nothing is not set: docker-compose.yml passes on what `.env` leaves out.
_SET = {name: value for name, value in os.environ.items() if value.strip()}
env.ENVIRON = _SET  # type: ignore[assignment]  # declared as os.environ's own class; any mapping does

# -- What kind of process this is ------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", default=False)
DEMO: bool = env.bool("READINESS_DEMO", default=False)
BASE_URL: str = env.str("READINESS_BASE_URL", default="http://localhost:8000").rstrip("/")
HTTPS: bool = BASE_URL.startswith("https://")
DATA_DIR = Path(env.str("READINESS_DATA", default=str(BASE_DIR / "var"))).resolve()
STORED_FILES_DIR = DATA_DIR / "files"

if DEMO and not places.is_loopback(urlsplit(BASE_URL).hostname or ""):
    raise ImproperlyConfigured(
        "READINESS_DEMO is on, which signs anybody in without a password, and READINESS_BASE_URL is an "
        "address "
        "that others can reach. Unset READINESS_DEMO."
    )

for _name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL") if HTTPS else ():
    if not env.str(_name, default=""):
        raise ImproperlyConfigured(f"Set {_name}: READINESS_BASE_URL is https, so this is for real.")
# `readiness run` keeps a key in the data directory. Without either, one that is forgotten when the process
# ends.
SECRET_KEY: str = env.str("SECRET_KEY", default="") or places.kept_secret_key(DATA_DIR) or token_urlsafe(50)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])

_LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS: list[str] = (
    _LOOPBACK_HOSTS
    if DEMO
    else env.list("ALLOWED_HOSTS", default=[urlsplit(BASE_URL).hostname, *_LOOPBACK_HOSTS])
)
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
    "readiness.middleware.RequestIdMiddleware",
    "readiness.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "readiness.middleware.PermissionsPolicyMiddleware",
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
    "readiness.middleware.SessionEndedMiddleware",
    "readiness.middleware.WrongMethodMiddleware",
    "readiness.middleware.TimeZoneMiddleware",
    "readiness.middleware.DomainErrorMiddleware",
    "readiness.uploads.BodyLimitMiddleware",
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
# Without addresses of servers these are the embedded ones of this data directory, so that `manage.py` finds
# them while `readiness run` keeps them running.
_SOCKETS = places.socket_dir(DATA_DIR)
DATABASES = {"default": env.db_url("DATABASE_URL", default=places.database_url(_SOCKETS))}
DATABASES["default"]["HOST"] = unquote(DATABASES["default"].get("HOST") or "")  # a socket's path comes quoted
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "connect_timeout": 5,
    # ASGI opens a connection per request: a small pool per process keeps that cheap.
    "pool": {"min_size": 0, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 5},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default=places.redis_url(_SOCKETS))
CACHES = {
    "default": {
        "BACKEND": "readiness.cache.ForgivingRedisCache",
        "LOCATION": client_url(REDIS_URL),
        "KEY_PREFIX": "readiness",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# -- Tasks -----------------------------------------------------------------------------------------------
# A killed worker's tasks come back after the visibility timeout, so it is short and every task is shorter.
TASK_VISIBILITY_SECONDS = 120
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": TASK_VISIBILITY_SECONDS,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "max_retries": 1,  # a publisher fails at once; the row waits in the database
}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 80  # seconds; kept by the processes of `packets`, not by threads
CELERY_TASK_TIME_LIMIT = 100
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"default": {}, "probes": {}, "packets": {}}
CELERY_TASK_ROUTES = {"probes.*": {"queue": "probes"}, "packets.*": {"queue": "packets"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Seconds. A turn that no worker took before the next one comes is dropped.
    "pick-up-packets": {"task": "reviews.pick_up_packets", "schedule": 15, "options": {"expires": 14}},
    "pick-up-packet-mail": {
        "task": "reviews.pick_up_packet_mail",
        "schedule": 300,
        "options": {"expires": 290},
    },
    "pick-up-probe-runs": {"task": "probes.pick_up", "schedule": 60, "options": {"expires": 55}},
    "watch-triggers": {"task": "reviews.watch_triggers", "schedule": 300, "options": {"expires": 290}},
    "expire-drills": {"task": "reviews.expire_drills", "schedule": 900, "options": {"expires": 850}},
    "expire-waivers": {"task": "reviews.expire_waivers", "schedule": 3600, "options": {"expires": 3000}},
    "tidy-files": {"task": "reviews.tidy_files", "schedule": 24 * 3600, "options": {"expires": 3600}},
}

# -- Security --------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=HTTPS)
SECURE_HSTS_PRELOAD: bool = env.bool("SECURE_HSTS_PRELOAD", default=HTTPS)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Only behind a proxy that always sets this header itself: anybody else could claim https with it.
if _proxy_header := env.str("SECURE_PROXY_SSL_HEADER", default=""):
    SECURE_PROXY_SSL_HEADER = ("HTTP_" + _proxy_header.upper().replace("-", "_"), "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
    }
}
PERMISSIONS_POLICY = (
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)"
)
# RFC 9116: where to report a weakness in this installation. Without a contact the address answers 404.
SECURITY_TXT_CONTACT: list[str] = env.list("SECURITY_TXT_CONTACT", default=[])
SECURITY_TXT_EXPIRES: str = env.str("SECURITY_TXT_EXPIRES", default="")

# -- Uploads ---------------------------------------------------------------------------------------------
EVIDENCE_MAX_BYTES: int = env.int("EVIDENCE_MAX_BYTES", default=25 * 1024 * 1024)
# All text of one form together, in bytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# On the disk of the data, not in /tmp, which may be small or memory. Django refuses to start without it.
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
with suppress(OSError):
    FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)

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
ACCOUNT_SIGNUP_FORM_CLASS = "readiness.accounts.signup_form.SignupNameForm"
ACCOUNT_FORMS = {"reset_password_from_key": "readiness.accounts.forms.ChoosePasswordForm"}
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
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
    _oidc = urlsplit(env.str("OIDC_SERVER_URL").rstrip("/"))
    if _oidc.scheme != "https" and not places.is_loopback(_oidc.hostname or ""):
        raise ImproperlyConfigured("OIDC_SERVER_URL must start with https://: what it answers is believed.")
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": env.str("OIDC_NAME", default="Single sign-on"),
                "client_id": OIDC_CLIENT_ID,
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": _oidc.geturl()},
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
STATICFILES_DIRS = [BASE_DIR / "static"]
# Collected, compressed and named by their content in READINESS_STATIC; without it straight from the source.
_COLLECTED: str = env.str("READINESS_STATIC", default="")
STATIC_ROOT = Path(_COLLECTED).resolve() if _COLLECTED else None
WHITENOISE_USE_FINDERS = not _COLLECTED
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STORED_FILES_DIR},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- Probes ----------------------------------------------------------------------------------------------
# Where probes may connect besides public addresses on ports 80 and 443: CIDR[:ports] or host[:ports]. Only
# here, never in the pages: whoever may set this may reach the network that this server stands in.
EGRESS_ALLOW: list[str] = env.list("READINESS_EGRESS_ALLOW", default=[])
EGRESS_CA: str = env.str("READINESS_EGRESS_CA", default="")
PROBE_PLUGINS: list[str] = env.list("READINESS_PROBE_PLUGINS", default=[])

# -- Language and time -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# -- Logs ------------------------------------------------------------------------------------------------
LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO").upper()
LOG_FORMAT: str = env.str("LOG_FORMAT", default="text")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT is “{LOG_FORMAT}”: choose text or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "readiness.logs.RequestIdFilter"}},
    "formatters": {
        "text": {"format": "{asctime} {levelname:<7} {name}: {message}", "datefmt": "%H:%M:%S", "style": "{"},
        "json": {"()": "readiness.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]},
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
    },
}
