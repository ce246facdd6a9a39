"""The WSGI entry point: `gunicorn config.wsgi`."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.thread_locals import without_locks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
without_locks()
application = get_wsgi_application()
# Django loads addresses and views on the first request. Loaded here they are shared by all workers
# that gunicorn forks (--preload), and nobody waits for them.
get_resolver().url_patterns  # noqa: B018 - reading it loads it
if settings.CELERY_BROKER_URL:
    import config.celery  # noqa: F401 - shared likewise, and not loaded at all without a broker
# What is loaded by now stays for ever. Left alone by the garbage collector it stays shared: looking
# at an object writes into it, and each worker would soon have a copy of its own.
gc.collect()
gc.freeze()
