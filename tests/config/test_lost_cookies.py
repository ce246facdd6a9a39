"""A form whose token has gone: who came by a link of their own is led back to it, nobody else."""

import pytest
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize(
    ("name", "given", "back"),
    [
        ("part-headphones-begin", ["a-token"], "/s/a-token/"),
        ("part-headphones-answers", ["a-token", "a-key"], "/s/a-token/"),
        ("part-join", ["a-study"], "/s/join/a-study/"),
        ("headphones-start", ["a-token"], "/a/a-token/"),
    ],
)
def test_who_came_by_a_link_is_led_back_to_it(
    db: None, name: str, given: list[str], back: str
) -> None:
    answered = Client(enforce_csrf_checks=True).post(reverse(name, args=given))
    assert answered.status_code == 403
    assert f'href="{back}">Go on</a>' in answered.text
    assert "Sign in" not in answered.text


def test_a_platform_s_person_is_led_back_with_what_names_them(db: None) -> None:
    address = reverse("part-join", args=["a-study"]) + "?PROLIFIC_PID=p&amp=1"
    answered = Client(enforce_csrf_checks=True).post(address)
    assert "/s/join/a-study/?PROLIFIC_PID=p&amp;amp=1" in answered.text


def test_who_signs_in_is_led_home(db: None) -> None:
    answered = Client(enforce_csrf_checks=True).post(reverse("login"))
    assert 'href="/">Home</a>' in answered.text
