"""On one's own machine: `make demo` and development. No secret ships: one is made on first use."""

from config import env
from config.local_secret import local_secret
from config.settings.base import *  # noqa: F403
from config.settings.base import VAR_DIR

SECRET_KEY = local_secret(VAR_DIR / "secret_key")
DEBUG = env.flag("DEBUG", True)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
