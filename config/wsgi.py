"""The WSGI entry point: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
application = get_wsgi_application()
# Django loads addresses and views on the first request. Loaded here they are shared by all workers
# that gunicorn forks (--preload), and nobody waits for them.
get_resolver().url_patterns  # noqa: B018 - reading it loads it
