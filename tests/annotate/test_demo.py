"""`demo`: one command makes all that a first look needs, and running it again spoils nothing."""

import io
import json
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from annotate import simulation
from annotate.models import Annotation, Annotator, Campaign, ConsensusDraft, Song

SMALL: dict[str, Any] = {"songs": 1, "annotators": 3, "jobs": 1}


def demo(**options: Any) -> dict[str, Any]:
    told = io.StringIO()
    call_command("demo", json=True, stdout=told, stderr=io.StringIO(), **(SMALL | options))
    return json.loads(told.getvalue())


@pytest.mark.django_db
def test_the_demo_is_complete_and_a_second_run_adds_only_links_and_a_password() -> None:
    first = demo(url="http://127.0.0.1:8123")
    assert authenticate(username=first["user"], password=first["password"])
    assert Song.objects.get().is_generated
    worked = Annotator.objects.filter(assignments__annotations__isnull=False)
    assert set(worked.values_list("kind", flat=True)) == {"simulated"}
    assert ConsensusDraft.objects.get().result["excerpts"][0]["status"] == "consensus"
    for link in first["annotate"]:
        assert link.startswith("http://127.0.0.1:8123/a/")
        path = link.removeprefix("http://127.0.0.1:8123")
        assert Client().get(path, follow=True).status_code == 200
    answers = Annotation.objects.count()
    second = demo()
    assert Song.objects.count() == Campaign.objects.count() == 1
    assert Annotation.objects.count() == answers
    assert second["password"] != first["password"]
    assert authenticate(username="demo", password=second["password"])
    assert not set(first["annotate"]) & set(second["annotate"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options", [{"annotators": 0}, {"annotators": 21}, {"songs": 0}, {"jobs": 0}]
)
def test_wrong_numbers_are_one_line_and_make_nothing(options: dict) -> None:
    with pytest.raises(CommandError, match="--") as fault:
        demo(**options)
    assert "\n" not in str(fault.value)
    assert not Song.objects.exists()
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_a_demo_stopped_while_annotators_work_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls = simulation.save, []

    def stop(**arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(simulation, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            demo()
    assert not Campaign.objects.exists()
    demo()
    assert Annotation.objects.count() == 3
