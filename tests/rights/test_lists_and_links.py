"""What lists hold of others' work, and what a withdrawn link opens: nothing."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from annotate.models import Annotator, Campaign
from annotate.services import people
from studies.models import Expert
from studies.services import experts
from tests.annotate.conftest import NOW
from tests.rights.rows import LINKS
from tests.rights.scene import Scene, build
from tests.studies.conftest import (  # noqa: F401
    _quick,
    make_campaign,
    make_excerpt,
    media,
    researcher,
)

LISTS = ("campaigns", "api-campaign-list", "api-annotation-list", "api-consensus-list")


@pytest.fixture
def scene(make_campaign: Callable[..., Campaign]) -> Scene:  # noqa: F811
    return build(make_campaign(3, overlap=2, repeats=0))


def test_the_lists_hold_nothing_of_another_researcher(scene: Scene) -> None:
    client = scene.client("other")
    for name in (*LISTS, "studies", "api-study-list", "experts"):
        page = client.get(reverse(name)).content.decode()
        for what in ("campaign", "study", "draft", "expert"):
            assert scene.named[what] not in page, name
        assert "A study" not in page


def test_a_withdrawn_link_opens_nothing(scene: Scene) -> None:
    people.revoke(annotator=Annotator.objects.get(key=scene.named["annotator"]), now=NOW)
    experts.revoke(expert=Expert.objects.get(key=scene.named["expert"]), now=NOW)
    for actor in ("annotator", "expert"):
        for row in LINKS:
            if row.codes[actor] != 404 and row.codes["stranger"] == 404:
                address = scene.address(row.name, row.words, actor)
                assert getattr(scene.client(actor), row.method)(address).status_code == 404
