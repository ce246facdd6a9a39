"""How gunicorn serves behind nginx: `gunicorn --config deploy/gunicorn.conf.py config.wsgi`.

Threads mostly wait for the database, so a process has many; each keeps one connection to it.
"""

import os

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
worker_class = "gthread"
# Loaded once and shared by all workers.
preload_app = True
# Desks save every 2 s and keep their connection for it.
keepalive = 15
graceful_timeout = 30
# Workers tell by a file that they live: on a slow disk that would cost them their lives.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn makes a file of its own there
control_socket_disable = True
# No access log: nginx writes one, without links and addresses. Lines are those of the site.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
    },
    "root": {"level": "INFO", "handlers": ["console"]},
}
