"""What Django keeps for each request lies in places without a lock, one for each thread."""

import os
import subprocess
import sys

from tests.conftest import ROOT

# In a process of its own: the tests' own process keeps Django's places.
LOOK = """
import threading
import config.wsgi
from asgiref.local import _DefaultLocal
from django.core.cache import cache
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from config.thread_locals import PLACES

for place, name in PLACES:
    assert not isinstance(getattr(place, name), _DefaultLocal), (place, name)

translation.activate("en")
found = []

def other():
    found.append(get_script_prefix())
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    set_script_prefix("/elsewhere/")
    cache.set("told", translation.gettext("Next"))

thread = threading.Thread(target=other)
thread.start()
thread.join()
assert translation.get_language() == "en"
assert timezone.get_current_timezone_name() == "UTC", timezone.get_current_timezone_name()
assert get_script_prefix() == "/", get_script_prefix()
assert found == ["/"], found
print(cache.get("told"))
"""


def test_each_thread_has_its_own_language_zone_and_prefix() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Weiter"
