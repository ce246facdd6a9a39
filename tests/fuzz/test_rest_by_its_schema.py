"""REST asked by its own schema, with valid and invalid input, by a researcher who has one of
everything: no fault of ours, and what is answered is what the schema says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from annotate.models import Campaign, Consensus
from tests.annotate.researcher_cast import annotate_all
from tests.rights.scene import Scene, build
from tests.studies.conftest import (  # noqa: F401
    _quick,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)

SHORT, LONG = 4, 200
CHECKS = (
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# The address's part behind /api/v1/, and what its key names.
NAMED = {
    "songs": ("song",),
    "excerpts": ("excerpt", "heard"),
    "campaigns": ("campaign",),
    "consensus": ("consensus",),
    "studies": ("study", "draft"),
}


@contextmanager
def one_connection() -> Iterator[None]:
    """As in Django's own test client, a request does not close the connection of the test. (That
    client connects what it disconnects: none may be used within.)"""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


@pytest.fixture
def scene(make_campaign: Callable[..., Campaign]) -> Scene:  # noqa: F811
    campaign = make_campaign(3, overlap=2, repeats=0)
    built = build(campaign)
    annotate_all(campaign, 2)
    assert Consensus.objects.exists()
    return built


def keys_of(scene: Scene, path: str) -> list[str]:
    kind = path.removeprefix("/api/v1/").split("/")[0]
    return [scene.named[name] for name in NAMED.get(kind, ())]


def ask_all(scene: Scene, examples: int) -> dict[str, set[int]]:
    """The statuses that each operation answered."""
    token = Token.objects.get(user__username="researcher").key
    headers = {"Authorization": f"Token {token}"}
    with one_connection():
        return _ask_all(scene, headers, examples)


def _ask_all(scene: Scene, headers: dict[str, str], examples: int) -> dict[str, set[int]]:
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/?format=json", get_wsgi_application(), headers=headers
    )
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        name = f"{operation.method.upper()} {operation.path}"
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _ask(operation, mode, keys_of(scene, operation.path), headers, examples, name, answered)
    return answered


def _ask(
    operation: Any,
    mode: GenerationMode,
    keys: list[str],
    headers: dict[str, str],
    examples: int,
    name: str,
    answered: dict[str, set[int]],
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), key=st.sampled_from([*keys, ""]))
    def ask(case: Any, key: str) -> None:
        if key and "key" in (case.path_parameters or {}):
            case.path_parameters["key"] = key
        # Each asks the same site: what it changed is taken back.
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        answered.setdefault(name, set()).add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    try:
        ask()
    except schemathesis.errors.InvalidSchema:  # pragma: no cover - told by pytest as it is
        raise
    except Exception as error:
        if "Unsatisfiable" in type(error).__name__ or "Skip" in type(error).__name__:
            return  # nothing invalid can be made of an operation without input
        raise


def check_reach(answered: dict[str, set[int]]) -> None:
    """They got as far as real objects, and not to 404 alone."""
    assert len(answered) > 20
    reads = {name: codes for name, codes in answered.items() if name.startswith("GET")}
    assert {name for name, codes in reads.items() if 200 not in codes} == set()
    assert all(not codes & {401, 403} for codes in answered.values()), answered


def test_rest_keeps_to_its_schema(scene: Scene) -> None:
    check_reach(ask_all(scene, SHORT))


@pytest.mark.slow
def test_rest_keeps_to_its_schema_for_long(scene: Scene) -> None:
    check_reach(ask_all(scene, LONG))
