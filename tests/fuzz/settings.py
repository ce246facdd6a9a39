"""The tests' settings for a site in a process of its own, with the media that was made for it."""

from config.settings.test import *  # noqa: F403
from config.settings.test import VAR_DIR

MEDIA_ROOT = VAR_DIR / "media"
