"""REST about studies: the same specs, the same rights; participants' tokens open nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from studies.models import Study
from studies.services import designing
from tests.studies.conftest import NOW
from tests.studies.study_cast import (
    SYSTEMS,
    make_study,
    open_study,
    prepared_study,
    rater_with_list,
    rules_only,
    study_data,
)

ACTS = ("freeze", "pause", "resume", "close", "new-version", "clone", "members", "items")
NEEDED = {"clone": "view", "items": "view", "pause": "run", "resume": "run", "close": "run"}


def client_of(user: Any) -> Client:
    token = Token.objects.get_or_create(user=user)[0].key
    return Client(headers={"Authorization": f"Token {token}"})


def detail(study: Study) -> str:
    return reverse("api-study-detail", args=[study.key])


def act(study: Study, name: str) -> str:
    return reverse(f"api-study-{name}", args=[study.key])


def post(client: Client, address: str, data: Any = None) -> Any:
    return client.post(address, data or {}, content_type="application/json")


def put(client: Client, address: str, data: Any) -> Any:
    return client.put(address, data, content_type="application/json")


def test_a_study_is_made_from_a_spec_read_and_replaced(researcher: Any) -> None:
    client, data = client_of(researcher), study_data(songs=3)
    made = post(client, reverse("api-study-list"), {"spec": data})
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["version"], made.json()["may"]) == ("draft", 1, "own")
    study = Study.objects.get(key=made.json()["key"])
    changed = put(client, detail(study), {"spec": data | {"title": "Another"}})
    assert changed.json()["title"] == "Another"
    assert client.get(detail(study)).json()["spec"]["title"] == "Another"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"title": "x"}, "items: is missing"),
        ([], "one object"),
        ("x", "one object"),
        ({"preset": "nothing"}, "preset: no 'nothing'"),
        (None, "may not be null"),
    ],
)
def test_what_is_no_spec_is_refused_field_by_field(researcher: Any, spec: Any, says: str) -> None:
    answered = post(client_of(researcher), reverse("api-study-list"), {"spec": spec})
    assert answered.status_code == 400
    assert any(says in line for line in answered.json()["spec"])
    assert not Study.objects.exists()


def test_an_unknown_system_is_refused_by_name(researcher: Any) -> None:
    data = study_data(songs=3)
    data["blocks"][0]["systems"] = ["zero", "oracle9"]
    answered = post(client_of(researcher), reverse("api-study-list"), {"spec": data})
    assert answered.status_code == 409
    assert "oracle9" in answered.json()["detail"]
    assert not Study.objects.exists()


def test_a_draft_is_frozen_paused_resumed_closed_and_goes_on_as_a_new_version(
    researcher: Any, settings: Any
) -> None:
    settings.CHECKPOINTS = rules_only()
    study = prepared_study(researcher).study
    client = client_of(researcher)
    states = []
    for name in ("freeze", "pause", "resume", "close"):
        answered = post(client, act(study, name))
        assert answered.status_code == 200, answered.content
        states.append(answered.json()["state"])
    assert states == ["open", "paused", "open", "closed"]
    refused = put(client, detail(study), {"spec": study_data(songs=3)})
    assert refused.status_code == 409
    assert "frozen" in refused.json()["detail"]
    again = post(client, act(study, "new-version")).json()
    assert (again["version"], again["state"]) == (2, "draft")


def test_a_draft_that_lacks_something_is_not_frozen(researcher: Any) -> None:
    study = make_study(researcher, songs=3)
    answered = post(client_of(researcher), act(study, "freeze"))
    assert answered.status_code == 409
    assert "not made" in answered.json()["detail"]
    assert study.latest.state == "draft"


def test_colleagues_are_given_rights_and_lose_them(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher, songs=3)
    client, address = client_of(researcher), act(study, "members")
    given = post(client, address, {"username": "stranger", "may": "run"})
    assert given.json() == [{"username": "stranger", "may": "run"}]
    assert post(client, address, {"username": "stranger", "may": None}).json() == []
    for wrong in (
        {"username": "nobody", "may": "run"},
        {"username": "stranger", "may": "all"},
        {"username": "stranger"},
    ):
        assert post(client, address, wrong).status_code == 400
    assert designing.may(stranger, study) == ""


def test_a_clone_belongs_to_whoever_made_it(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher, songs=3)
    designing.share(study, stranger, "view", researcher, NOW)
    made = post(client_of(stranger), act(study, "clone"), {"title": "Mine"})
    assert made.status_code == 201
    assert (made.json()["owner"], made.json()["title"]) == ("stranger", "Mine")


def test_items_name_systems_to_the_owner_of_a_draft_and_to_no_member(
    researcher: Any, stranger: Any
) -> None:
    study = prepared_study(researcher).study
    designing.share(study, stranger, "unblind", researcher, NOW)
    own = client_of(researcher).get(act(study, "items"))
    assert own.json()["count"] > 0
    assert SYSTEMS[0] in own.content.decode()
    seen = client_of(stranger).get(act(study, "items")).content.decode()
    assert all(name not in seen for name in SYSTEMS)


def test_items_of_a_frozen_version_name_no_system_even_to_its_owner(db: None) -> None:
    version = open_study()
    seen = client_of(version.study.owner).get(act(version.study, "items")).content.decode()
    assert all(f'"name":"{name}"' not in seen for name in SYSTEMS)


@pytest.mark.parametrize("right", ["view", "run", "unblind"])
def test_each_right_reaches_as_far_as_it_says(researcher: Any, stranger: Any, right: str) -> None:
    study = make_study(researcher, songs=3)
    designing.share(study, stranger, right, researcher, NOW)
    client, order = client_of(stranger), ("view", "run", "unblind", "own")
    assert client.get(detail(study)).json()["may"] == right
    assert put(client, detail(study), {"spec": {}}).status_code == 403
    for name in ACTS:
        send = client.get if name in ("members", "items") else client.post
        allowed = order.index(right) >= order.index(NEEDED.get(name, "own"))
        assert (send(act(study, name)).status_code != 403) == allowed, name


def test_a_stranger_is_told_that_there_is_nothing(researcher: Any, stranger: Any) -> None:
    study = make_study(researcher, songs=3)
    client = client_of(stranger)
    assert client.get(reverse("api-study-list")).json()["count"] == 0
    assert client.get(detail(study)).status_code == 404
    for name in ACTS:
        send = client.get if name in ("members", "items") else client.post
        assert send(act(study, name)).status_code == 404


def test_a_participants_token_opens_nothing(db: None) -> None:
    version = open_study()
    token = rater_with_list(version).token  # type: ignore[attr-defined]
    addresses = [reverse("api-study-list"), detail(version.study), act(version.study, "items")]
    for scheme in ("Token", "Bearer", "Basic"):
        client = Client(headers={"Authorization": f"{scheme} {token}"})
        client.get(reverse("part-home", args=[token]))
        for address in addresses:
            assert client.get(address).status_code == 401, (scheme, address)


def test_the_list_asks_as_often_for_many_studies_as_for_one(
    researcher: Any, django_assert_max_num_queries: Any
) -> None:
    client, counts = client_of(researcher), []
    for number in range(3):
        make_study(researcher, songs=2, title=f"Study {number}")
        with django_assert_max_num_queries(6) as captured:
            assert client.get(reverse("api-study-list")).json()["count"] == number + 1
        counts.append(len(captured))
    assert counts[0] == counts[2]


def test_the_schema_of_a_spec_is_served(researcher: Any) -> None:
    schema = client_of(researcher).get(reverse("api-study-spec-schema")).json()
    assert set(schema["required"]) == {"title", "items", "blocks", "texts"}
