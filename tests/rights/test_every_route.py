"""Every address and method of the site, and what each kind of person is answered there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotate.models import Campaign
from tests.rights.rows import ROWS, Row
from tests.rights.scene import ACTORS, Scene, build
from tests.studies.conftest import (  # noqa: F401
    _quick,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)

METHODS = ("get", "post", "put", "patch", "delete")
WRITES = ("INSERT", "UPDATE", "DELETE")
# A download that is kept on the audit line, and nothing else.
ON_THE_AUDIT = {
    "study-archive": ["studies_auditline"],
    "study-export-take": ["studies_auditline"],
    "study-report-take": ["studies_auditline"],
    "campaign-export": ["annotate_act"],
}


@pytest.fixture
def scene(make_campaign: Callable[..., Campaign]) -> Scene:  # noqa: F811
    return build(make_campaign(3, overlap=2, repeats=0))


def ask(scene: Scene, row: Row, actor: str, method: str = "") -> Any:
    """Ask, and take back whatever it changed."""
    address = scene.address(row.name, row.words, actor)
    method = method or row.method
    more = {"content_type": "application/json"} if row.name.startswith("api-") else {}
    with transaction.atomic():
        client = scene.client(actor)
        answered = getattr(client, method)(address, **({} if method == "get" else more))
        if answered.streaming:
            b"".join(answered.streaming_content)
        transaction.set_rollback(True)
    return answered


def best(row: Row) -> str:
    """Who gets furthest."""
    return min(ACTORS, key=lambda actor: (row.codes[actor] >= 400, row.codes[actor] == 404))


def told(found: dict[Any, Any]) -> str:
    """Every line, which pytest would cut."""
    return "\n".join(f"{key}: {value}" for key, value in found.items())


def named_routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_routes(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def test_every_route_has_a_row() -> None:
    assert set(named_routes(get_resolver().url_patterns)) == {row.name for row in ROWS}


def test_everybody_gets_what_is_theirs_and_no_more(scene: Scene) -> None:
    wrong = {}
    for row in ROWS:
        for actor in ACTORS:
            code = ask(scene, row, actor).status_code
            if code != row.codes[actor]:
                wrong[row.name, row.method, actor] = (code, row.codes[actor])
    assert not wrong, told(wrong)


def test_methods_without_a_row_are_answered_405(scene: Scene) -> None:
    allowed: dict[str, set[str]] = {}
    for row in ROWS:
        allowed.setdefault(row.name, set()).add(row.method)
    wrong = {}
    for row in {row.name: row for row in reversed(ROWS)}.values():
        for method in METHODS:
            if method not in allowed[row.name]:
                code = ask(scene, row, best(row), method).status_code
                if code != 405:
                    wrong[row.name, method] = code
    assert not wrong, told(wrong)


def test_a_get_writes_nothing(scene: Scene) -> None:
    wrote = {}
    for row in ROWS:
        if row.method == "get":
            with CaptureQueriesContext(connection) as queries:
                ask(scene, row, best(row))
            found = [query["sql"] for query in queries if query["sql"].startswith(WRITES)]
            tables = [statement.split('"')[1] for statement in found]
            if tables != ON_THE_AUDIT.get(row.name, []):
                wrote[row.name] = found[:2]
    assert not wrote, told(wrote)


def test_who_may_not_look_is_told_nothing_but_where_to_sign_in(scene: Scene) -> None:
    sign_in = reverse("login")
    for row in ROWS:
        if row.codes["stranger"] == 404 and row.name not in ("save", "part-save"):
            answered = ask(scene, row, "stranger").content.decode()
            assert sign_in in answered, row.name
            assert "A study" not in answered, row.name
