"""The browser suite's site with the trial page's stand-in server (trial_urls.py) beside it."""

from tests.e2e.settings import *  # noqa: F403

ROOT_URLCONF = "tests.e2e.trial_urls"
