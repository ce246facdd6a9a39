"""The power page: people needed by formula, power of a design by simulation in the worker."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from config.models import Job
from studies.services.power import simulate_power

pytestmark = pytest.mark.django_db

DESIGN = {
    "n_raters": 20,
    "n_trials": 8,
    "n_items": 12,
    "probability": 0.8,
    "ties": 0.1,
    "rater_sd": 0.3,
    "item_sd": 0.3,
    "seed": 4,
}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("owner", password="-"))
    return client


@pytest.mark.parametrize(
    ("design", "effect", "shown"),
    [
        ("preference", 0.65, "97"),
        ("preference", 0.60, "210"),
        ("paired", 0.5, "34"),
        ("correlation", 0.5, "30"),
    ],
)
def test_the_published_sizes_are_shown(
    client: Client, design: str, effect: float, shown: str
) -> None:
    asked = {"design": design, "effect": effect, "power": 0.8, "alpha": 0.05}
    asked |= {"per_rater": 1, "icc": 0.0, "ties": 0.0, "part": "found"}
    text = client.get("/power/", asked).content.decode()
    assert f'<p class="stat-value">{shown}</p>' in text


def test_votes_of_one_person_count_for_less(client: Client) -> None:
    asked: dict[str, Any] = {"design": "preference", "effect": 0.65, "power": 0.8, "alpha": 0.05}
    asked |= {"per_rater": 10, "ties": 0.0}
    alike = client.get("/power/", asked | {"icc": 0.05}).context["found"]["people"]
    apart = client.get("/power/", asked | {"icc": 0.0}).context["found"]["people"]
    assert (apart, alike) == (10, 15)


def test_an_effect_that_cannot_be_is_told_at_its_field(client: Client) -> None:
    asked = {"design": "preference", "effect": 0.4, "power": 0.8, "alpha": 0.05}
    asked |= {"per_rater": 1, "icc": 0.0, "ties": 0.0}
    response = client.get("/power/", asked)
    assert "between 0.5 (none) and 1" in response.content.decode()


def test_a_simulation_is_queued_and_shown_when_it_is_done(client: Client) -> None:
    response = client.post("/power/simulate/", DESIGN)
    job = Job.objects.get()
    assert response.headers["Location"] == f"/power/?job={job.key}#simulation"
    job.result = simulate_power(lambda share, message="": None, **job.arguments)
    job.state = Job.State.DONE
    job.save()
    text = client.get("/power/", {"job": job.key}).content.decode()
    assert "1000 simulated studies of 20 people" in text


def test_the_simulation_finds_a_strong_preference_and_holds_its_level() -> None:
    found = simulate_power(lambda share, message="": None, **DESIGN)
    assert found["power"]["estimate"] > 0.9
    assert found["level"]["low"] <= 0.05 <= found["level"]["high"] + 0.03
    assert found == simulate_power(lambda share, message="": None, **DESIGN)


def test_a_design_that_cannot_be_is_refused(client: Client) -> None:
    response = client.post("/power/simulate/", DESIGN | {"n_trials": 13})
    assert response.status_code == 400
    assert "More trials than items" in response.content.decode()
    assert not Job.objects.exists()


def test_another_accounts_simulation_is_not_shown(client: Client) -> None:
    client.post("/power/simulate/", DESIGN)
    stranger = Client()
    stranger.force_login(get_user_model().objects.create_user("other", password="-"))
    response = stranger.get("/power/", {"job": Job.objects.get().key})
    assert response.context["job"] is None


def test_strangers_meet_nothing() -> None:
    assert Client().get("/power/").status_code == 404
