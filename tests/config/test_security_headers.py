"""Every kind of answer carries what keeps a browser from being used against its owner."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from annotate.models import Campaign
from annotate.views import campaigns
from tests.conftest import ROOT
from tests.rights.scene import Scene, build
from tests.studies.conftest import (  # noqa: F401
    _quick,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)

NAMES = (
    "SECURE_SSL_REDIRECT",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
)
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}


@pytest.fixture
def production(settings: Settings) -> None:
    """Cookies, HSTS and the redirect to HTTPS as production has them."""
    show = (
        "import json, config.settings.prod as s; "
        f"print(json.dumps({{name: getattr(s, name) for name in {NAMES!r}}}))"
    )
    needed = {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "a.example", "DATABASE_URL": "sqlite:///x"}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env=kept | needed, capture_output=True, check=True
    )
    for name, value in json.loads(done.stdout).items():
        setattr(settings, name, tuple(value) if isinstance(value, list) else value)


@pytest.fixture
def built(make_campaign: Callable[..., Campaign]) -> Scene:  # noqa: F811
    return build(make_campaign(3, overlap=2, repeats=0))


@pytest.fixture
def scene(built: Scene, production: None) -> Scene:
    """Built by plain HTTP, asked as production is: no client of it has asked for anything yet."""
    return built


def kinds(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """One answer of each kind."""

    def ask(actor: str, name: str, words: str = "", method: str = "get", **more: Any) -> Any:
        client = scene.clients[actor]
        client.raise_request_exception = False
        return getattr(client, method)(scene.address(name, words, actor), secure=True, **more)

    found = {
        "page": ask("owner", "campaigns"),
        "a participant's page": ask("participant", "part-trial", "token trial"),
        "audio": ask("participant", "part-sound", "token trial 1"),
        "a stored file": ask("owner", "excerpt-stem", "heard drums"),
        "JSON": ask("owner", "api-study-list"),
        "refused JSON": ask("participant", "part-save", "token trial", "post"),
        "a download": ask("owner", "campaign-export", "campaign csv"),
        "a report": ask("owner", "study-report-show", "study report"),
        "a redirect": ask("participant", "part-home", "token"),
        "not signed in to REST": ask("stranger", "api-root"),
        "404": ask("stranger", "campaigns"),
        "no such address": scene.clients["stranger"].get("/nowhere/", secure=True),
        "405": ask("owner", "campaigns", "", "put"),
        "health": ask("stranger", "healthz"),
        "signed in": scene.clients["other"].post("/login/", secure=True),
    }
    monkeypatch.setattr(campaigns, "render_page", lambda *given, **more: {}["fault"])
    found["500"] = ask("owner", "campaigns")
    assert found["500"].status_code == 500
    strict = Client(enforce_csrf_checks=True)
    found["no form's token"] = strict.post("/login/", secure=True)
    assert found["no form's token"].status_code == 403
    return found


def test_every_kind_of_answer_has_them(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = []
    for kind, answered in kinds(scene, monkeypatch).items():
        if answered.streaming:
            b"".join(answered.streaming_content)
        for name, value in EXPECTED.items():
            if answered.get(name) != value:
                missing.append((kind, name, answered.get(name)))
        policy = answered.get("Content-Security-Policy", "")
        if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
            missing.append((kind, "Content-Security-Policy", policy))
        if "unsafe" in policy and kind != "a report":
            missing.append((kind, "Content-Security-Policy", policy))
        if "microphone=()" not in answered.get("Permissions-Policy", ""):
            missing.append((kind, "Permissions-Policy", ""))
    assert missing == []


def test_what_is_somebodys_own_is_kept_by_no_shared_cache(scene: Scene) -> None:
    for actor, name, words in (
        ("participant", "part-trial", "token trial"),
        ("participant", "part-data", "token"),
        ("participant", "part-sound", "token trial 1"),
        ("annotator", "headphones", "token"),
        ("annotator", "person-data", "token"),
        ("expert", "expert", "token"),
    ):
        answered = scene.clients[actor].get(scene.address(name, words, actor), secure=True)
        assert "private" in answered["Cache-Control"], name
        assert answered["X-Robots-Tag"] == "noindex, nofollow", name


def test_cookies_are_for_https_for_us_and_for_no_script(scene: Scene) -> None:
    client = Client()
    client.get("/login/", secure=True)
    said = {"username": "researcher", "password": "a long pass phrase"}
    assert client.post("/login/", said, secure=True).status_code == 302
    assert {"csrftoken", "sessionid"} <= set(client.cookies)
    for cookie in client.cookies.values():
        assert isinstance(cookie, Morsel)
        assert cookie["secure"], cookie.key
        assert cookie["samesite"] in ("Lax", "Strict"), cookie.key
    assert client.cookies["sessionid"]["httponly"]


def test_plain_http_is_sent_to_https(production: None, db: None) -> None:
    answered = Client().get(reverse("home"))
    assert (answered.status_code, answered["Location"]) == (301, "https://testserver/")
