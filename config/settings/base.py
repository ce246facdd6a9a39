"""What every environment shares. Each variable is described in docs/settings.md (a test checks)."""

from pathlib import Path

from csp.constants import NONE, SELF

from config import caches, databases, env
from config.rates import parse_rate

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("GAINSAY_VAR", str(BASE_DIR / "var")))

DEBUG = False
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = [
    "config",
    "annotate",
    "studies",
    "modeling.management.apps.ModelingConfig",
    "analysis.management.apps.AnalysisConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.limited.LimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last, so that it is the first that a view's errors meet.
    "config.away.DatabaseAwayMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
            ],
        },
    },
]

DATABASES = {
    "default": databases.parse(
        env.text("DATABASE_URL", databases.sqlite_url(VAR_DIR / "gainsay.sqlite3"))
    )
}
CACHES = {"default": caches.parse(env.text("CACHE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
# Each by its own name, as whoever looks for it reads it. docs/languages.md says how to add one.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only our own files: what packages bring (django-htmx its copies of htmx) is not served.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticStorage"},
}
# Songs and excerpts. Never served from a URL of its own: every audio answer passes a view.
MEDIA_ROOT: Path = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))

# Where nginx finds MEDIA_ROOT by an `internal` location, such as /stored-media/: it then sends the
# stored audio that a view has let through. "" where the views send it themselves.
X_ACCEL_PREFIX = env.text("X_ACCEL_PREFIX", "")

# No inline script, style or handler anywhere.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# How many proxies of ours stand before the site, each of which adds to X-Forwarded-For.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
# What may be tried how often (config/limits.py); what has no rate here is not limited.
RATE_LIMITS = {
    "login": parse_rate(env.text("LIMIT_LOGIN", "10/15min")),
    "login-account": parse_rate(env.text("LIMIT_LOGIN_ACCOUNT", "100/h")),
    "login-address": parse_rate(env.text("LIMIT_LOGIN_ADDRESS", "100/15min")),
    "link": parse_rate(env.text("LIMIT_LINK", "100/10min")),
    "join": parse_rate(env.text("LIMIT_JOIN", "1000/h")),
    "upload": parse_rate(env.text("LIMIT_UPLOAD", "60/h")),
}

REST_FRAMEWORK = {
    "NUM_PROXIES": TRUSTED_PROXIES,
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": env.text("API_RATE_ANONYMOUS", "30/min"),
        "user": env.text("API_RATE_RESEARCHER", "600/min"),
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsers.BoundedJSONParser"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gainsay",
    "DESCRIPTION": "Songs, campaigns, annotations, consensus gains and studies, for researchers.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

# What `manage.py work` can run: the name of a job's kind and the function that does it.
JOB_KINDS = {
    "adjust_excerpt": "annotate.jobs.adjust_excerpt",
    "import_songs": "annotate.jobs.import_songs",
    "remove_import_leftovers": "annotate.jobs.remove_import_leftovers",
    "prepare_showings": "annotate.jobs.prepare_showings",
    "compute_consensus": "annotate.jobs.compute_consensus",
    "freeze_consensus": "annotate.jobs.freeze_consensus",
    "advise_on_excerpt": "studies.jobs.advise_on_excerpt",
    "advise_on_upload": "studies.jobs.advise_on_upload",
    "prepare_study": "studies.jobs.prepare_study",
    "import_study": "studies.jobs.import_study",
    "remove_expired_uploads": "studies.jobs.remove_expired_uploads",
    "price_judge": "studies.jobs.price_judge",
    "run_judge": "studies.jobs.run_judge",
    "remove_personal_data": "studies.jobs.remove_personal_data",
    "simulate_power": "studies.jobs.simulate_power",
    "write_report": "studies.jobs.write_report",
    "write_export": "studies.jobs.write_export",
    "remove_old_exports": "studies.jobs.remove_old_exports",
}
# Kinds that a worker does by itself, and every how many seconds.
JOB_PERIODIC_S = {
    "remove_expired_uploads": 3600,
    "remove_old_exports": 3600,
    "remove_personal_data": 86400,
    "remove_import_leftovers": 86400,
}
# Kinds that nobody waits for, unless a person asked: done when there is nothing else to do.
JOB_UNHURRIED = {"compute_consensus", "prepare_showings"}
# Kinds whose failed jobs are asked for anew instead: what they were given is gone.
JOB_NOT_RETRIED = {"import_study"}
JOB_HEARTBEAT_S = 5
# A running job whose heartbeat is older than this was killed: another worker takes it up.
JOB_STALE_S = env.integer("JOB_STALE_S", 60, low=10)

# Redis, where jobs are handed to Celery workers; "" where workers look into the database instead.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "")
# How often a worker tells that it lives, and sends again what the broker has lost.
HOUSEKEEPING_S = 10
# What takes longer than this to count is kept for a while (annotate/kept.py).
KEEP_WHAT_TAKES_S = 0.25

# Days after closing until what people said of themselves goes; 0 keeps it.
PERSONAL_DATA_KEEP_DAYS = env.integer("PERSONAL_DATA_KEEP_DAYS", 0)

# Trained advisors: folders baseline, differential and rules, as `train_models` writes them.
CHECKPOINTS: Path = Path(env.text("CHECKPOINTS", str(BASE_DIR / "modeling" / "checkpoints")))

# Reports that `evaluate_models` wrote; the page Models shows the newest.
EVALUATIONS: Path = Path(env.text("EVALUATIONS", str(VAR_DIR / "evaluations")))

# What visitors bring to the page Advise: bounded, theirs alone, and gone after a while.
ADVISE_UPLOAD_BYTES = env.integer("ADVISE_UPLOAD_MB", 400, low=1) * 10**6
ADVISE_LONGEST_S = env.integer("ADVISE_LONGEST_MIN", 15, low=1) * 60
ADVISE_UPLOADS_PER_VISITOR = env.integer("ADVISE_UPLOADS_PER_VISITOR", 5, low=1)
ADVISE_STORAGE_BYTES = env.integer("ADVISE_STORAGE_MB", 20_000, low=1) * 10**6
ADVISE_KEEP_HOURS = env.integer("ADVISE_KEEP_HOURS", 24, low=1)

# Songs that researchers bring on a page: files of this size, ZIPs that unpack to no more than that;
# and folders of this machine that pages may import from.
IMPORT_UPLOAD_BYTES = env.integer("IMPORT_UPLOAD_MB", 2000, low=1) * 10**6
IMPORT_UNPACKED_BYTES = env.integer("IMPORT_UNPACKED_MB", 8000, low=1) * 10**6
IMPORT_FOLDERS = env.names("IMPORT_FOLDERS", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.logs.RequestIdFilter"}},
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["request_id"],
        }
    },
    # Its every request, told by whoever simulates or asks an endpoint better than by the library.
    "loggers": {"httpx2": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
