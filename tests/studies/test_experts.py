"""Human experts: their own link and page, blind to the answer, and files from elsewhere."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from analysis.vectors import STEMS
from annotate.models import Excerpt
from modeling.loudness import audio_loudness_lufs
from modeling.storage import read_stem
from studies.models import Advice, Expert, ExpertTask, System
from studies.services import experts
from studies.services.expert_files import CSV_COLUMNS, FORMAT
from tests.studies.conftest import NOW


@pytest.fixture
def excerpt(make_excerpt: Any) -> Excerpt:
    """Known by name and levels; only what is heard needs audio."""
    found: Excerpt = make_excerpt(1)
    return found


@pytest.fixture
def invitation(researcher: Any, excerpt: Excerpt) -> experts.Invitation:
    return invited(researcher, excerpt)


@pytest.fixture
def heard(researcher: Any, imported_song: Any) -> experts.Invitation:
    """The same with audio."""
    return invited(researcher, imported_song.excerpts.get())


def invited(researcher: Any, excerpt: Excerpt) -> experts.Invitation:
    found = experts.invite(owner=researcher, excerpts=[excerpt], count=5, seed=3, now=NOW)
    ExpertTask.objects.update(problem_db={"vocals": -6.0, "drums": 0.0, "bass": 0.0, "other": 0.0})
    return found


@pytest.fixture
def task(invitation: experts.Invitation) -> ExpertTask:
    return invitation.expert.tasks.get()


def address(invitation: experts.Invitation, task: ExpertTask) -> str:
    return reverse("expert-task", args=[invitation.token, task.key])


def form(prose: str, **moves: float) -> dict[str, Any]:
    return {"prose": prose, **dict.fromkeys(STEMS, 0.0), **moves}


def test_the_same_seed_gives_the_same_problems_and_each_expert_a_letter(
    researcher: Any, make_excerpt: Any
) -> None:
    excerpts = [make_excerpt(number) for number in range(1, 7)]
    invited = [
        experts.invite(owner=researcher, excerpts=excerpts, count=4, seed=seed, now=NOW)
        for seed in (1, 1, 2)
    ]
    drawn = [
        [(task.excerpt_id, task.problem_db) for task in one.expert.tasks.all()] for one in invited
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert [one.expert.system.title for one in invited] == ["Expert A", "Expert B", "Expert C"]


def test_an_expert_hears_the_problem_and_nothing_tells_what_it_is(
    heard: experts.Invitation,
) -> None:
    client, task = Client(), heard.expert.tasks.get()
    page = client.get(address(heard, task))
    text = page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"
    assert "6.0" not in text.split('id="desk"')[0].split("<main")[1]
    assert task.excerpt.song.title not in text
    assert task.excerpt.key not in text
    desk = json.loads(re.search(r'id="desk" type="application/json">(.*?)</script>', text)[1])
    assert set(desk) == {
        "task", "stems", "gram", "n_hops", "peaks", "n_peaks", "target_lufs", "ceiling_dbfs",
    }  # fmt: skip
    loudness = {}
    for stem in STEMS:
        answer = client.get(desk["stems"][stem])
        assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(answer.headers)
        heard, _ = soundfile.read(io.BytesIO(answer.content), always_2d=True)
        original = read_stem(task.excerpt.folder, stem)
        loudness[stem] = audio_loudness_lufs(heard.T, 44_100) - audio_loudness_lufs(
            original, 44_100
        )
    relative = {stem: value - loudness["drums"] for stem, value in loudness.items()}
    assert relative == pytest.approx(task.problem_db, abs=0.02)


def test_words_and_faders_become_advice_that_starts_from_the_problem(
    invitation: experts.Invitation, task: ExpertTask
) -> None:
    client = Client()
    answer = client.post(address(invitation, task), form("Raise the vocals by 5 dB.", vocals=5.0))
    assert answer.status_code == 302
    row = Advice.objects.get()
    assert row.system.kind == System.Kind.EXPERT
    assert row.content["balance_db"]["vocals"] == pytest.approx(-1.0)
    assert row.content["moves"][0]["direction"] == "raise"
    assert row.problem_db == task.problem_db
    assert "That was all" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (form("Lower the vocals by 5 dB.", vocals=5.0), "something else than the balance"),
        (form(""), "required"),
        (form("Fine.", vocals=25.0), "less than or equal to 24"),
        (form("Fine.", vocals="loud"), "Enter a number"),
        (form("Fine.", vocals="NaN"), "Enter a number"),
    ],
)
def test_what_does_not_hold_together_is_said_in_place_and_nothing_is_kept(
    invitation: experts.Invitation, task: ExpertTask, fields: dict[str, Any], words: str
) -> None:
    answer = Client().post(address(invitation, task), fields)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Advice.objects.exists()


def test_the_first_answer_stays(invitation: experts.Invitation, task: ExpertTask) -> None:
    client = Client()
    for decibels in (5.0, 3.0):
        client.post(address(invitation, task), form("More voice please.", vocals=decibels))
    assert Advice.objects.get().content["moves"][0]["db"] == 5.0


def test_a_revoked_forged_or_expired_link_opens_nothing(
    invitation: experts.Invitation, task: ExpertTask, researcher: Any
) -> None:
    client = Client()
    client.force_login(researcher)
    client.post(reverse("expert-revoke", args=[invitation.expert.key]))
    stem = reverse("expert-stem", args=[invitation.token, task.key, "drums"])
    for path in (address(invitation, task), stem, reverse("expert", args=[invitation.token])):
        assert Client().get(path).status_code == 404
    assert Client().get(reverse("expert", args=["forged"])).status_code == 404


def test_one_experts_link_does_not_open_the_task_of_another(
    invitation: experts.Invitation, task: ExpertTask, researcher: Any
) -> None:
    other = experts.invite(owner=researcher, excerpts=[task.excerpt], count=1, seed=1, now=NOW)
    path = reverse("expert-task", args=[other.token, task.key])
    assert Client().get(path).status_code == 404


def test_a_researcher_invites_sees_the_link_once_and_not_those_of_others(
    researcher: Any, stranger: Any, excerpt: Excerpt
) -> None:
    client = Client()
    client.force_login(researcher)
    answer = client.post(reverse("experts"), {"note": "Ann", "count": 3, "seed": 1})
    token = re.search(r"/e/([\w-]+)/", answer.content.decode())[1]
    assert Client().get(reverse("expert", args=[token])).status_code == 200
    assert token not in client.get(reverse("experts")).content.decode()
    other = Client()
    other.force_login(stranger)
    assert "Ann" not in other.get(reverse("experts")).content.decode()
    key = Expert.objects.get().key
    assert other.post(reverse("expert-revoke", args=[key])).status_code == 404


def test_without_songs_inviting_says_what_to_do(researcher: Any) -> None:
    client = Client()
    client.force_login(researcher)
    answer = client.post(reverse("experts"), {"count": 3, "seed": 1})
    assert answer.status_code == 400
    assert "import songs first" in answer.content.decode()


def json_file(path: Path, excerpt: Excerpt, /, **changes: Any) -> Path:
    row = {
        "excerpt": excerpt.key,
        "expert": "Bo",
        "prose": "Lower the drums by 3 dB.",
        "problem_db": {"vocals": 0.0, "drums": 4.0, "bass": 0.0, "other": 0.0},
        "balance_db": {"vocals": 0.0, "drums": 1.0, "bass": 0.0, "other": 0.0},
    }
    path.write_text(json.dumps({"format": FORMAT, "advice": [row | changes]}))
    return path


def test_a_json_file_comes_in_once(tmp_path: Path, excerpt: Excerpt) -> None:
    path = json_file(tmp_path / "a.json", excerpt)
    call_command("import_expert_advice", str(path))
    call_command("import_expert_advice", str(path))
    row = Advice.objects.get()
    assert row.system.name == "expert_bo"
    assert row.content["move_db"]["drums"] == pytest.approx(-3.0)


def test_a_csv_file_says_the_same(tmp_path: Path, excerpt: Excerpt) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        writer.writerow([excerpt.song.title, "Bo", "Lower the drums.", 0, 4, 0, 0, 0, 1, 0, 0])
    call_command("import_expert_advice", str(path))
    assert Advice.objects.get().content["move_db"]["drums"] == pytest.approx(-3.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"excerpt": "nowhere"}, "no excerpt of 'nowhere'"),
        ({"prose": " "}, "prose is missing"),
        ({"expert": "!!!"}, "use letters and digits"),
        ({"balance_db": {"vocals": 0.0}}, "needs dB or null for each"),
        ({"balance_db": dict.fromkeys(STEMS, True)}, "give dB from -60 to 60"),
        ({"prose": "Raise the drums by 3 dB."}, "something else than the balance"),
    ],
)
def test_a_row_that_does_not_fit_is_named_and_nothing_is_kept(
    tmp_path: Path, excerpt: Excerpt, changes: dict[str, Any], words: str
) -> None:
    path = json_file(tmp_path / "a.json", excerpt, **changes)
    with pytest.raises(CommandError, match=words) as caught:
        call_command("import_expert_advice", str(path))
    assert "advice[1]" in str(caught.value)
    assert not Advice.objects.exists()
    assert not System.objects.exists()


def test_another_opinion_of_the_same_person_is_refused(tmp_path: Path, excerpt: Excerpt) -> None:
    call_command("import_expert_advice", str(json_file(tmp_path / "a.json", excerpt)))
    other = json_file(tmp_path / "b.json", excerpt, prose="Lower the drums. They are loud.")
    with pytest.raises(CommandError, match="has advised otherwise"):
        call_command("import_expert_advice", str(other))


def test_an_expert_stands_beside_the_systems_on_the_page(
    researcher: Any, heard: experts.Invitation
) -> None:
    client, task = Client(), heard.expert.tasks.get()
    client.post(address(heard, task), form("Bring the voice up.", vocals=6.0))
    client.force_login(researcher)
    page = client.get(
        reverse("advise-excerpt", args=[task.excerpt.key]), {"vocals": "-6"}
    ).content.decode()
    assert "Bring the voice up." in page
    assert "Expert A" in page
    assert np.isfinite(Advice.objects.get().content["balance_db"]["vocals"])
