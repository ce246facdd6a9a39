"""Pages that ask for background work load nothing of what the worker needs."""

import os
import subprocess
import sys

from tests.conftest import ROOT

VISIT = """
import sys, django
django.setup()
from django.test.utils import setup_test_environment
setup_test_environment()
from django.test.runner import DiscoverRunner
runner = DiscoverRunner(verbosity=0, interactive=False)
old = runner.setup_databases()
try:
    from django.contrib.auth.models import User
    from django.test import Client
    from studies.design.beginning import beginning, presets
    from studies.protocol.reading import read_spec
    from studies.services import designing
    from django.utils import timezone
    user = User.objects.create_user("researcher")
    spec = read_spec(beginning(presets()[0][0], "A study"))
    study = designing.create_study(user, spec, timezone.now())
    client = Client()
    client.force_login(user)
    for path in ("/jobs/", "/songs/import/", f"/studies/{study.key}/judges/"):
        assert client.get(path).status_code == 200, path
    heavy = ("torch", "pandas", "statsmodels", "openai", "scipy", "av")
    print([one for one in heavy if one in sys.modules])
finally:
    runner.teardown_databases(old)
"""


def test_a_web_process_stays_light() -> None:
    """In a process of its own: this one may have imported anything."""
    # On a database of its own: that of this run is taken.
    environment = {n: v for n, v in os.environ.items() if n != "TEST_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
