"""Every setting, read from the environment; with nothing set, it runs on a laptop (DESIGN: where it runs).

`VITRINE_PRODUCTION=true` takes every default away that would be a secret or a guess: the secret key, the host names and
the database must then be given. docs/operators.md lists the variables; `env.refuse_unknown()` refuses any other.
"""

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from vitrine.env import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
env = Environment(os.environ)

# --- where it runs ---------------------------------------------------------------------------------------------------
PRODUCTION = env.flag("VITRINE_PRODUCTION", False)
DATA_DIR = env.path("VITRINE_DATA_DIR", BASE_DIR / "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.flag("VITRINE_DEBUG", False)


def _laptop_secret_key() -> str:
    """A key of this installation's own, made once and readable by its owner only."""
    file = DATA_DIR / "secret_key"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(60))
    return file.read_text()


SECRET_KEY = env.text("VITRINE_SECRET_KEY", None if PRODUCTION else _laptop_secret_key())
ALLOWED_HOSTS = env.names("VITRINE_ALLOWED_HOSTS", () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.names("VITRINE_CSRF_TRUSTED_ORIGINS")
# How many reverse proxies stand in front: 0 trusts no X-Forwarded-… header at all.
PROXY_COUNT = env.integer("VITRINE_PROXY_COUNT", 0, maximum=5)

# --- the database ----------------------------------------------------------------------------------------------------
_sqlite_url = f"sqlite:///{DATA_DIR / 'vitrine.sqlite3'}"
DATABASES = {"default": env.database("DATABASE_URL", None if PRODUCTION else _sqlite_url)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue at BEGIN instead of failing at COMMIT; readers never wait (WAL).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,  # seconds a writer waits for its turn
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;"
        "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- files -----------------------------------------------------------------------------------------------------------
STORAGES = {
    "default": env.storage("STORAGE_URL", f"file://{DATA_DIR / 'media'}"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS: list[Path] = []
PHOTO_MAX_BYTES = env.integer("VITRINE_PHOTO_MAX_BYTES", 30_000_000, minimum=1_000)
PHOTO_MAX_PIXELS = env.integer("VITRINE_PHOTO_MAX_PIXELS", 100_000_000, minimum=10_000)
PHOTO_LONGEST_SIDE = env.integer("VITRINE_PHOTO_LONGEST_SIDE", 2048, minimum=256, maximum=8192)
UPLOAD_MAX_BYTES = env.integer("VITRINE_UPLOAD_MAX_BYTES", 4_000_000_000, minimum=1_000_000)
DATA_UPLOAD_MAX_NUMBER_FILES = 500
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_PERMISSIONS = 0o640

# --- jobs ------------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://")
CPU_CONCURRENCY = env.integer("VITRINE_CPU_CONCURRENCY", 2, minimum=1, maximum=256)
GPU_CONCURRENCY = env.integer("VITRINE_GPU_CONCURRENCY", 1, minimum=1, maximum=64)
# Seconds that a worker holds a job without a sign of life before another may take it.
LEASE_SECONDS = env.integer("VITRINE_LEASE_SECONDS", 60, minimum=2, maximum=3600)

# --- the applications ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "vitrine.apps.VitrineConfig",
    "accounts",
    "catalog",
    "jobs",
    "generation",
    "raters",
    "ranking",
    "review",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_htmx",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "vitrine.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "vitrine.access.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "vitrine.urls"
WSGI_APPLICATION = "vitrine.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vitrine.navigation.navigation",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- accounts --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_IPWARE_PROXY_COUNT = PROXY_COUNT or None
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    # vitrine.access.AccessMiddleware has decided before DRF is reached; this is the second lock on the same door.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

# --- safety in the browser -------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- what is said about it -------------------------------------------------------------------------------------------
LOG_FORMAT = env.text("VITRINE_LOG_FORMAT", "json" if PRODUCTION else "text", choices=("text", "json"))
LOG_LEVEL = env.text("VITRINE_LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
METRICS_TOKEN = env.text("VITRINE_METRICS_TOKEN", "")  # without one, /metrics is for signed-in operators only
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "vitrine.logs.IdFilter"}},
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s%(where)s %(message)s"},
        "json": {"()": "vitrine.logs.JsonFormatter"},
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "filters": ["ids"], "formatter": LOG_FORMAT}},
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"handlers": ["out"], "level": "INFO", "propagate": False}},
}

env.refuse_unknown()
