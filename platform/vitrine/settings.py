"""Every setting, read from the environment; with nothing set, it runs on a laptop (DESIGN: where it runs).

`VITRINE_PRODUCTION=true` takes every default away that would be a secret or a guess: the secret key, the host names and
the database must then be given. docs/operators.md lists the variables; `env.refuse_unknown()` refuses any other.
"""

import contextlib
import os
import secrets
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from vitrine import addresses, theme
from vitrine.env import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
env = Environment(os.environ)

# --- where it runs ---------------------------------------------------------------------------------------------------
PRODUCTION = env.flag("VITRINE_PRODUCTION", False)
DATA_DIR = env.folder("VITRINE_DATA_DIR", BASE_DIR / "var")
DEBUG = env.flag("VITRINE_DEBUG", False)
# Set by `manage.py demo` for what it starts: the show behind /demo/ goes on, and the tour shows.
DEMO = env.flag("VITRINE_DEMO", False)
if DEMO and PRODUCTION:
    raise ImproperlyConfigured("VITRINE_DEMO=true lets made-up raters in: it cannot go with VITRINE_PRODUCTION=true.")
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured(
        "VITRINE_DEBUG=true shows secrets to strangers: it cannot go with VITRINE_PRODUCTION=true."
    )


def _laptop_secret_key() -> str:
    """A key of this installation's own, made once and readable by its owner only."""
    file = DATA_DIR / "secret_key"
    if not file.exists():
        own = DATA_DIR / f"secret_key.{os.getpid()}"
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            opened.write(secrets.token_urlsafe(60))
        # Web, worker and scheduler may start at once: the first link stands, and each reads the whole key.
        with contextlib.suppress(FileExistsError):
            os.link(own, file)
        own.unlink()
    return file.read_text()


SECRET_KEY = env.secret("VITRINE_SECRET_KEY", None if PRODUCTION else _laptop_secret_key(), minimum=50)
ALLOWED_HOSTS = env.names("VITRINE_ALLOWED_HOSTS", None if PRODUCTION else ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.names("VITRINE_CSRF_TRUSTED_ORIGINS")
# How many reverse proxies stand in front: 0 trusts no X-Forwarded-… header at all.
PROXY_COUNT = env.integer("VITRINE_PROXY_COUNT", 0, maximum=5)

# --- the database ----------------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", None if PRODUCTION else DATA_DIR / "vitrine.sqlite3")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Writers queue at BEGIN instead of failing at COMMIT; readers never wait (WAL).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,  # seconds a writer waits for its turn
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;"
        "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- files -----------------------------------------------------------------------------------------------------------
# On a laptop static files come straight from their source folders: no collectstatic between a change and a look at it.
STORAGES = {
    "default": env.storage("STORAGE_URL", DATA_DIR / "media"),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.path("VITRINE_STATIC_DIR", DATA_DIR / "static")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
PHOTO_MAX_BYTES = env.integer("VITRINE_PHOTO_MAX_BYTES", 30_000_000, minimum=1_000)
PHOTO_MAX_PIXELS = env.integer("VITRINE_PHOTO_MAX_PIXELS", 100_000_000, minimum=10_000)
PHOTO_LONGEST_SIDE = env.integer("VITRINE_PHOTO_LONGEST_SIDE", 2048, minimum=256, maximum=8192)
UPLOAD_MAX_BYTES = env.integer("VITRINE_UPLOAD_MAX_BYTES", 4_000_000_000, minimum=1_000_000)
# The one folder of this server that operators may import from on the page; commands may import from anywhere.
IMPORT_DIR = env.path("VITRINE_IMPORT_DIR", DATA_DIR / "imports")
DATA_UPLOAD_MAX_NUMBER_FILES = 500
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "vitrine.upload_cap.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o640

# --- the web server --------------------------------------------------------------------------------------------------
WEB_HOST = env.text("VITRINE_HOST", "127.0.0.1")
WEB_PORT_CHOSEN = env.is_set("VITRINE_PORT") or env.is_set("PORT")
WEB_PORT = env.integer("VITRINE_PORT", env.integer("PORT", 8000, minimum=1, maximum=65535), minimum=1, maximum=65535)
WEB_WORKERS = env.integer("VITRINE_WEB_WORKERS", 2, minimum=1, maximum=256)
WEB_THREADS = env.integer("VITRINE_WEB_THREADS", 4, minimum=1, maximum=256)

# --- jobs ------------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "embedded://")
CPU_CONCURRENCY = env.integer("VITRINE_CPU_CONCURRENCY", 2, minimum=1, maximum=256)
GPU_CONCURRENCY = env.integer("VITRINE_GPU_CONCURRENCY", 1, minimum=1, maximum=64)
LIVE_CONCURRENCY = env.integer("VITRINE_LIVE_CONCURRENCY", 1, minimum=1, maximum=64)
# Seconds that a worker goes on with what it holds warm while other work of the same priority waits.
AFFINITY_SECONDS = env.integer("VITRINE_AFFINITY_SECONDS", 120, minimum=0, maximum=86_400)
# Seconds that a worker holds a job without a sign of life before another may take it.
LEASE_SECONDS = env.integer("VITRINE_LEASE_SECONDS", 60, minimum=2, maximum=3600)
# Seconds between two looks for jobs whose worker died and for messages that were lost.
REAP_SECONDS = min(5.0, LEASE_SECONDS / 2)
CELERY_BROKER_TRANSPORT_OPTIONS = addresses.broker_options(CELERY_BROKER_URL, DATA_DIR)
CELERY_BROKER_CONNECTION_TIMEOUT = 2  # seconds: a broker that is down must not hold up a page
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60  # seconds that a forked process may take to begin, on a machine under load
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps no state: the one on disk is a pickle
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "jobs.reap", "schedule": REAP_SECONDS, "options": {"queue": "control", "expires": REAP_SECONDS}},
    "sweep": {"task": "catalog.sweep_media", "schedule": crontab("20", "3"), "options": {"queue": "control"}},
    "settle_generation": {
        "task": "generation.settle",
        "schedule": 120.0,
        "options": {"queue": "control", "expires": 120.0},
    },
    "sweep_generation": {"task": "generation.sweep", "schedule": crontab("40", "3"), "options": {"queue": "control"}},
    "figures": {"task": "raters.figures_nightly", "schedule": crontab("10", "4"), "options": {"queue": "control"}},
    "settle_raters": {"task": "raters.settle", "schedule": 300.0, "options": {"queue": "control", "expires": 300.0}},
    "settle_ranking": {"task": "ranking.settle", "schedule": 300.0, "options": {"queue": "control", "expires": 300.0}},
    "nightly_ranking": {"task": "ranking.nightly", "schedule": crontab("40", "4"), "options": {"queue": "control"}},
    "webhooks": {"task": "raters.webhooks_due", "schedule": 10.0, "options": {"queue": "control", "expires": 10.0}},
    "count_review": {
        "task": "review.count_waiting",
        "schedule": 60.0,
        "options": {"queue": "control", "expires": 60.0},
    },
    "rebuild_review": {
        "task": "review.rebuild_nightly",
        "schedule": crontab("10", "5"),
        "options": {"queue": "control"},
    },
}
if DEMO:
    CELERY_BEAT_SCHEDULE["demo"] = {
        "task": "demo.advance",
        "schedule": 3.0,
        "options": {"queue": "control", "expires": 3.0},
    }

# --- models ----------------------------------------------------------------------------------------------------------
MODEL_SET = env.text("VITRINE_MODEL_SET", "")  # of runs that name none
MODELS_DIR = env.path("VITRINE_MODELS_DIR", DATA_DIR / "models")
MODEL_SETS_DIR = env.path("VITRINE_MODEL_SETS_DIR", DATA_DIR / "model-sets")
# A seller's own backgrounds for the method background-swap, pictures with or without a JSON beside them.
BACKGROUNDS_DIR = env.path("VITRINE_BACKGROUNDS_DIR", DATA_DIR / "backgrounds")
# Bytes of models that a worker process keeps warm on its device; 0 is what the device can spare.
MODEL_CACHE_BYTES = env.integer("VITRINE_MODEL_CACHE_BYTES", 0)
DEVICE = env.text("VITRINE_DEVICE", "auto", choices=("auto", "cpu", "cuda", "mps"))

# --- generation ------------------------------------------------------------------------------------------------------
# Days that an adapter's file is kept; 0 is for ever. Its row, its images and their metrics always stay.
ADAPTER_DAYS = env.integer("VITRINE_ADAPTER_DAYS", 30, minimum=0, maximum=36_500)
# Adapters of one recipe that a worker trains at once, in shared passes of the base; memory may ask for fewer.
FINETUNE_TOGETHER = env.integer("VITRINE_FINETUNE_TOGETHER", 4, minimum=1, maximum=64)
# What training has encoded, latents and texts, for the next process and run; a fast local disk. 0 bytes keeps none.
TRAINING_CACHE_DIR = env.path("VITRINE_TRAINING_CACHE_DIR", DATA_DIR / "training-cache")
TRAINING_CACHE_BYTES = env.integer("VITRINE_TRAINING_CACHE_BYTES", 4_294_967_296)
# What an hour of one GPU costs, in the currency below: for the accounts.
GPU_HOUR_PRICE = env.number("VITRINE_GPU_HOUR_PRICE", 2.0)
CURRENCY = env.text("VITRINE_CURRENCY", "USD")

# --- rating ----------------------------------------------------------------------------------------------------------
# Calls of the API that one person may make, as number/period; each web process counts by itself.
API_RATE = env.text("VITRINE_API_RATE", "1200/min")
# Whether webhooks may go to http:// and to addresses inside the own network.
WEBHOOKS_TO_PRIVATE = env.flag("VITRINE_WEBHOOKS_TO_PRIVATE", False)

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
    "unfold.apps.BasicAppConfig",
    "vitrine.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "axes",
]
MIDDLEWARE = [
    "vitrine.logs.RequestLogMiddleware",
    "vitrine.metrics.MetricsMiddleware",
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
    "accounts.tokens.TokenMiddleware",
    "vitrine.access.AccessMiddleware",
    "vitrine.page_cursors.CursorMiddleware",
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
                "vitrine.demo.tour.tour",
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
# Signing in with an organisation's own accounts (accounts.oidc); without an issuer there is no such way.
OIDC_ISSUER = env.text("VITRINE_OIDC_ISSUER", "")
OIDC_CLIENT_ID = env.text("VITRINE_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.secret("VITRINE_OIDC_CLIENT_SECRET", "")
OIDC_NAME = env.text("VITRINE_OIDC_NAME", "your organisation")
OIDC_ROLE = env.text("VITRINE_OIDC_ROLE", "", choices=("", "rater", "analyst"))
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("VITRINE_OIDC_ISSUER needs VITRINE_OIDC_CLIENT_ID and VITRINE_OIDC_CLIENT_SECRET, too.")
if OIDC_ISSUER and PRODUCTION and not OIDC_ISSUER.startswith("https://"):
    raise ImproperlyConfigured(f"VITRINE_OIDC_ISSUER is {OIDC_ISSUER!r}: it begins with https://.")
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
AXES_HANDLER = "accounts.throttle.LoginThrottle"  # adds a limit for one address over all names
AXES_FAILURE_LIMIT = 5
AXES_ADDRESS_FAILURE_LIMIT = 50
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the page promises a time
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.views.locked"
AXES_CLIENT_IP_CALLABLE = "accounts.throttle.client_address"
AXES_VERBOSE = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # no table of who signed in from where for ever; the log lines say it
AXES_ENABLE_ADMIN = False  # accounts.admin shows the attempts to operators
UNFOLD = theme.UNFOLD

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # vitrine.access.AccessMiddleware has decided before DRF is reached; this is the second lock on the same door.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "vitrine.api_parsers.JsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "vitrine.api_errors.handle",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": API_RATE},
    "DEFAULT_SCHEMA_CLASS": "vitrine.api_schema.Schema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vitrine",
    "DESCRIPTION": "Products, generated images, what people say of them, and what follows from it.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
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
METRICS_TOKEN = env.secret(
    "VITRINE_METRICS_TOKEN", "", minimum=24
)  # without one, /metrics is for signed-in operators only
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "vitrine.logs.IdFilter"}},
    "formatters": {
        "text": {"()": "vitrine.logs.TextFormatter"},
        "json": {"()": "vitrine.logs.JsonFormatter"},
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "filters": ["ids"], "formatter": LOG_FORMAT}},
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    # These would else have handlers or levels of their own: one line, one way, for each event.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # vitrine.logs has a line for every request already
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
        "gunicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        "axes": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},  # jobs has its own line for each attempt
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # it would tell every address, signed ones too
        "kombu.connection": {"level": "ERROR"},  # the embedded broker has no host, and needs none
    },
}

env.refuse_unknown()
