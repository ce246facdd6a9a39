"""One size of a site against the database of DATABASE_URL: fill it, then ask for every page that
lists or counts. Prints JSON: {"pages": {name: {"queries", "ms", "first_ms"}}, "fill_s", ...}.

    DATABASE_URL=... python -m benchmarks.load.growth_run '{"songs": 1000, ...}' FOLDER
"""

import gc
import json
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Any

ROUNDS = 7


def main() -> None:
    import django

    django.setup()
    from benchmarks.load import grown as site

    size, folder = site.Grown(**json.loads(sys.argv[1])), Path(sys.argv[2])
    began_s = perf_counter()
    owner, study, campaign = site.fill(size)
    fill_s = perf_counter() - began_s
    pages = {name: _measure(owner, path, part) for name, path, part in _pages(study, campaign)}
    told: dict[str, Any] = {"pages": pages, "fill_s": fill_s, "judgements": size.judgements}
    told["export"] = _export(study, folder)
    print(json.dumps(told))


def _pages(study: Any, campaign: Any) -> list[tuple[str, str, bool]]:
    """(name, path, is it a part asked for by htmx)."""
    from django.urls import reverse

    from annotate.models import Song
    from studies.models import Rater

    raters = Rater.objects.filter(version__study=study).order_by("-number")
    dashboard = reverse("study-dashboard", args=[study.key])
    people = reverse("study-people", args=[study.key])
    songs, campaign_page = reverse("songs"), reverse("campaign", args=[campaign.key])
    return [
        ("songs", songs, False),
        ("songs, last page", f"{songs}?page=999999", False),
        ("songs, search", f"{songs}?q=song+9", False),
        ("a song", reverse("song", args=[Song.objects.order_by("-pk")[0].key]), False),
        ("campaigns", reverse("campaigns"), False),
        ("new campaign", reverse("campaign-new"), False),
        ("a campaign", campaign_page, False),
        ("a campaign, update", campaign_page, True),
        ("people of a campaign", reverse("people", args=[campaign.key]), False),
        ("consensus of a campaign", reverse("consensus", args=[campaign.key]), False),
        ("studies", reverse("studies"), False),
        ("a study", dashboard, False),
        ("a study, update", dashboard, True),
        ("a study, agreement", f"{dashboard}?part=agreement", True),
        ("people of a study", people, False),
        ("people of a study, last page", f"{people}?page=999999", False),
        ("people who wait", f"{people}?state=waiting", False),
        ("one participant", reverse("study-person", args=[study.key, raters[0].key]), False),
        ("exports of a study", reverse("study-exports", args=[study.key]), False),
        ("exclusions", reverse("study-exclusions", args=[study.key]), False),
        ("reports of a study", reverse("study-report", args=[study.key]), False),
        ("log of a study", reverse("study-audit", args=[study.key]), False),
        ("advise", reverse("advise"), False),
        ("experts", reverse("experts"), False),
        ("jobs", reverse("jobs"), False),
        ("API: songs", reverse("api-song-list"), False),
        ("API: annotations", reverse("api-annotation-list"), False),
        ("API: studies", reverse("api-study-list"), False),
    ]


def _measure(owner: Any, path: str, is_part: bool) -> dict[str, float]:
    """Queries of one answer; milliseconds of the first and, as a median, of those after it."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1", "X-Forwarded-Proto": "https"})
    client.force_login(owner)
    headers = {"HX-Request": "true"} if is_part else {}
    took = []
    for _ in range(ROUNDS):
        gc.collect()
        asked_s = perf_counter()
        answer = client.get(path, headers=headers)
        took.append(1000 * (perf_counter() - asked_s))
        assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])
    with CaptureQueriesContext(connection) as queries:
        client.get(path, headers=headers)
    return {"queries": len(queries), "ms": median(took[1:]), "first_ms": took[0]}


def _export(study: Any, folder: Path) -> dict[str, float]:
    """The whole export as files, and the most memory this process took for it."""
    from django.utils import timezone

    from studies.exports.files import write_folder
    from studies.exports.scope import Scope

    target = folder / "export"
    target.mkdir(exist_ok=True)
    before_mib = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    began_s = perf_counter()
    written = write_folder(Scope(study.latest, timezone.now()), target)
    return {
        "s": perf_counter() - began_s,
        "mib": sum(one.stat().st_size for one in written) / 2**20,
        "more_memory_mib": getrusage(RUSAGE_SELF).ru_maxrss / 1024 - before_mib,
    }


if __name__ == "__main__":
    main()
