"""Pages that list things cost the same queries whatever their length, and write nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotate.models import Excerpt
from studies.models import Upload
from studies.services import experts
from tests.studies.conftest import NOW, bring

FLAC = b"fLaC" + bytes(60)


def queries(client: Client, address: str, counted: Any) -> int:
    with counted(60) as captured:
        assert client.get(address).status_code == 200
    written = ("INSERT", "UPDATE", "DELETE")
    assert not [q for q in captured.captured_queries if q["sql"].startswith(written)]
    return len(captured)


@pytest.fixture
def signed_in(researcher: Any) -> Client:
    client = Client()
    client.force_login(researcher)
    return client


def test_the_advise_page_does_not_ask_for_each_upload_or_excerpt(
    signed_in: Client, make_excerpt: Any, django_assert_max_num_queries: Any
) -> None:
    found = []
    for number in (1, 2):
        bring(signed_in, dict.fromkeys(("vocals", "drums", "bass", "other"), FLAC))
        make_excerpt(number)
        found.append(queries(signed_in, reverse("advise"), django_assert_max_num_queries))
    assert Upload.objects.count() == Excerpt.objects.count() == 2
    assert found[0] == found[1] <= 6


def test_the_list_of_experts_does_not_ask_for_each(
    signed_in: Client, researcher: Any, make_excerpt: Any, django_assert_max_num_queries: Any
) -> None:
    found = []
    for number in (1, 2):
        experts.invite(owner=researcher, excerpts=[make_excerpt(number)], count=1, seed=1, now=NOW)
        found.append(queries(signed_in, reverse("experts"), django_assert_max_num_queries))
    assert found[0] == found[1] <= 4


def test_a_result_page_does_not_ask_for_each_advice(
    visitor: Client, upload: Upload, django_assert_max_num_queries: Any
) -> None:
    address = reverse("advise-upload", args=[upload.key])
    assert queries(visitor, address, django_assert_max_num_queries) <= 4


def test_the_cards_need_no_database(
    client: Client, db: None, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        client.get(reverse("models"))
        client.get(reverse("model", args=["zero"]))


def test_the_search_finds_parts_of_artist_and_title(signed_in: Client, make_excerpt: Any) -> None:
    make_excerpt(1, artist="Bo Diddley")
    make_excerpt(2, artist="Nina")
    answer = signed_in.get(
        reverse("advise"), {"q": "bo song"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "Bo Diddley" in answer
    assert "Nina" not in answer
    assert "<html" not in answer
    assert "No excerpt here" in signed_in.get(reverse("advise"), {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("value", ["loud", "NaN", "99"])
def test_a_balance_that_is_none_is_refused_in_place(
    signed_in: Client, make_excerpt: Any, value: str
) -> None:
    address = reverse("advise-excerpt", args=[make_excerpt(1).key])
    for answer in (
        signed_in.get(address, {"vocals": value}),
        signed_in.post(address, {"vocals": value}),
    ):
        assert answer.status_code == 400
        assert 'class="errors"' in answer.content.decode()
