"""The site as the browser suite runs it: hashed, compressed files as in production, without TLS."""

from config.settings.base import *  # noqa: F403

SECRET_KEY = "for browser tests only, never for a running site"
ALLOWED_HOSTS = ["127.0.0.1"]
# A busy machine must not make a page show what was counted before.
KEEP_WHAT_TAKES_S = float("inf")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
