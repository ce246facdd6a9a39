"""What deploy/ says fits together, and fits the site. No container engine runs here."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.urls import reverse

from config import headers, serve
from studies.views.study_import import LARGEST_ARCHIVE_BYTES
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OF_THE_SITE = ("migrate", "web", "worker")
# Of PostgreSQL's image, not ours.
FOREIGN = {"POSTGRES_USER", "POSTGRES_DB"}


def documented(name: str) -> bool:
    return f"`{name}`" in (ROOT / "docs" / "settings.md").read_text()


def test_there_are_the_services_that_a_site_needs() -> None:
    assert set(SERVICES) == {"migrate", "web", "worker", "database", "redis", "nginx"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_restarted_watched_and_without_more_rights(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":[\w.-]+$", service["image"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "network_mode", "pid", "cap_add"} & set(service)
    if name == "migrate":
        assert service["restart"] == "no"
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
    if name != "database":
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    conf = (DEPLOY / "nginx.conf").read_text()
    for port in SERVICES["nginx"]["ports"]:
        assert f"listen {port.partition(':')[2]}" in conf


def test_web_and_worker_share_image_environment_and_media() -> None:
    shared = [
        (SERVICES[name]["image"], SERVICES[name]["environment"], SERVICES[name]["volumes"])
        for name in OF_THE_SITE
    ]
    assert shared[0] == shared[1] == shared[2]
    assert "media:/srv/media" in SERVICES["web"]["volumes"]
    assert "media:/srv/media:ro" in SERVICES["nginx"]["volumes"]
    assert SERVICES["web"]["environment"]["X_ACCEL_PREFIX"] == "/stored-media/"
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == "1"


def test_named_volumes_and_what_is_waited_for_are_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            known = source in COMPOSE["volumes"] or source.startswith(("/", "${"))
            assert known or (DEPLOY / source).exists(), (name, volume)
        for other, condition in service.get("depends_on", {}).items():
            watched = "healthcheck" in SERVICES[other]
            assert watched or condition == {"condition": "service_completed_successfully"}


def test_hosts_in_addresses_are_services() -> None:
    for value in SERVICES["web"]["environment"].values():
        for host in re.findall(r"://(?:[^@/]*@)?([a-z]+):\d", value):
            assert host in SERVICES
    assert re.search(r"server (\w+):8000", (DEPLOY / "nginx.conf").read_text())[1] == "web"


def test_every_variable_is_documented_and_none_is_a_secret() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    given = {name for service in SERVICES.values() for name in service.get("environment", {})}
    example = (DEPLOY / ".env.example").read_text()
    offered = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.MULTILINE))
    read = set(re.findall(r"environ(?:\.get)?[\[(]\"(\w+)", _python()))
    undocumented = {n for n in asked | given | read | set(offered) if not documented(n)}
    assert undocumented <= FOREIGN
    assert asked == set(offered)
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert offered[name] == ""
        assert f"${{{name}:?" in text


def _python() -> str:
    return "".join(file.read_text() for file in DEPLOY.glob("*.py"))


def test_gunicorn_serves_as_it_does_without_a_container() -> None:
    found: dict[str, Any] = {}
    exec((DEPLOY / "gunicorn.conf.py").read_text(), found)
    here = list(serve.WEB_SERVER)
    for option, value in (("--workers", found["workers"]), ("--threads", found["threads"]),
                          ("--worker-class", found["worker_class"]),
                          ("--keep-alive", found["keepalive"])):  # fmt: skip
        assert here[here.index(option) + 1] == str(value)
    assert found["preload_app"] is True


def test_what_is_copied_into_the_image_is_there_and_all_that_is_needed() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["importlinter"]["root_packages"]
    needed = {"manage.py", "requirements.txt", "templates", "static", *packages}
    assert needed <= set(allowed)
    assert all((ROOT / name).exists() for name in set(allowed) - {"locale"})
    for service in OF_THE_SITE:
        words = SERVICES[service].get("command", []) + SERVICES[service].get("healthcheck", {}).get(
            "test", []
        )
        files = [word for word in words if word.endswith(".py")]
        assert all(file in allowed for file in files)


def test_the_image_is_built_in_steps_that_can_work_and_does_not_run_as_root() -> None:
    steps = [line.split()[0] for line in CONTAINERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert steps[0] == "FROM"
    assert steps.count("FROM") == 2
    assert re.findall(r"^USER (\w+)", CONTAINERFILE, flags=re.MULTILINE)[-1] == "gainsay"
    assert steps.index("USER") > max(n for n, step in enumerate(steps) if step == "RUN")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert f"python:{version.removeprefix('>=')}-" in CONTAINERFILE
    client = re.search(r"postgresql-client-(\d+)", CONTAINERFILE)
    assert client
    assert SERVICES["database"]["image"].endswith(f"postgres:{client[1]}")
    made = re.findall(r"/srv/\w+", CONTAINERFILE)
    for volume in SERVICES["web"]["volumes"]:
        assert volume.rpartition(":")[2] in made


def test_nginx_lets_through_what_the_site_takes() -> None:
    conf = (DEPLOY / "nginx.conf").read_text()
    limits = {
        place: int(megabytes) * 2**20
        for place, megabytes in re.findall(
            r"location = (\S+) \{\s+client_max_body_size (\d+)m;", conf
        )
    }
    places = re.findall(r"location (?:= )?(\S+) \{", conf)
    assert len(places) == len(set(places))
    assert limits[reverse("advise")] > settings.ADVISE_UPLOAD_BYTES
    assert limits[reverse("songs-import")] > settings.IMPORT_UPLOAD_BYTES
    assert limits[reverse("study-import")] > LARGEST_ARCHIVE_BYTES


def test_nginx_keeps_the_headers_that_every_answer_has() -> None:
    """Else stored audio would lose them; the deployment suite compares all, where nginx is."""
    conf = (DEPLOY / "nginx.conf").read_text()
    kept = set(re.findall(r"add_header ([\w-]+)\s+\$upstream_http_", conf))
    assert set(headers.ALWAYS) <= kept
    for name in re.findall(r"\$upstream_http_(\w+)", conf):
        assert name.replace("_", "-") in {one.lower() for one in kept}
