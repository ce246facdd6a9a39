"""Nothing that reaches a participant tells which system wrote or mixed what: whole studies are
walked, every byte of every answer is searched, and sounds, keys, orders and sizes are compared."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import soundfile
from django.http import HttpResponse

from studies.models import Advice, Rater, Stimulus, StudyVersion, System, Trial
from studies.services import lists
from studies.services.participants import Newcomer
from studies.services.participants import join as join_study
from tests.annotate.conftest import NOW
from tests.studies.study_cast import BLOCK_TYPES, SYSTEMS, block_data, open_study
from tests.studies.walking import TRIAL, Participant, batch, submission, trial_data

GATES: dict[str, Any] = {
    "questionnaire": ["gear"],
    "volume": True,
    "headphones": {"check": "antiphase", "policy": "record"},
    "training": {"trials": 1},
    "attention": {"trials": 1},
    "listening": {"seconds": 5, "policy": "warn"},
}
CASES = {
    **{type_: block_data(type_) for type_ in BLOCK_TYPES},
    "advice heard after": block_data("pairwise advice", hear_after="after the answers"),
    "advice heard at once": block_data("rated advice", hear_after="from the start"),
    "advice ranked": block_data("ranking", ranked="advice"),
    "mixes with dry stems": block_data("multi-stimulus", dry_stems=True, include_problem=True),
    "mushra with every anchor": block_data(
        "mushra", anchors=["low-pass 3.5 kHz", "low-pass 7 kHz", "known error"]
    ),
}

# An id and a duration are of one request; neither depends on what is sent.
OF_EACH_REQUEST = ("X-Request-ID", "Server-Timing")


def blinded(case: str) -> StudyVersion:
    return open_study(gates=GATES, blocks=[CASES[case] | {"key": "part"}])


def walk(version: StudyVersion) -> Participant:
    """A whole study, with every address asked that any answer names."""
    person = Participant()
    person.join(version)
    while (step := person.step) != "done":
        if step != "t":
            person.take(step)
            continue
        trial = trial_data(person.seen[-1])
        for address in trial["sounds"].values():
            person.get(address)
        person.save(trial, batch(trial, draft=submission(trial)["values"]))
        person.save(trial, batch(trial, 2, submit=submission(trial)))
    asked = set()
    for answered in list(person.seen):
        if answered.headers["Content-Type"].startswith("text/html"):
            asked |= set(re.findall(rf"/s/{person.token}/[\w./-]*", answered.text))
    for address in asked - {one.request["PATH_INFO"] for one in person.seen}:
        person.get(address)
    return person


def told_in(answers: list[Any], secrets: dict[str, bytes]) -> set[tuple[str, str]]:
    """(secret, address) wherever one is found, in headers, markup, data or sound."""
    found = set()
    searched: set[bytes] = set()
    for answered in answers:
        headers = "\n".join(f"{name}: {value}" for name, value in answered.headers.items())
        content = headers.encode() + b"\n\n" + answered.content
        if answered.content in searched:
            content = headers.encode()
        searched.add(answered.content)
        for name, secret in secrets.items():
            # Whole words only; most are nowhere, which is quickly seen.
            if secret in content and re.search(
                rb"(?<![\w-])" + re.escape(secret) + rb"(?![\w-])", content
            ):
                found.add((name, answered.request["PATH_INFO"]))
    return found


def words_in_data(answers: list[Any]) -> set[tuple[str, str]]:
    """Words of the trade in what scripts are given: markup says "hidden" of its own elements."""
    words = ("anchor", "low-pass", "attention", "repeat", "hidden", "system", "baseline", "control")
    found = set()
    for answered in answers:
        kind = answered.headers["Content-Type"]
        data = [answered.text] if kind == "application/json" else []
        if kind.startswith("text/html"):
            # What advice says is its own affair: proof-reading and the search for names see to it.
            data = [
                json.dumps({**json.loads(one), "texts": {}}) for one in TRIAL.findall(answered.text)
            ]
        found |= {
            (word, answered.request["PATH_INFO"]) for one in data for word in words if word in one
        }
    return found


def secrets_of(version: StudyVersion, own: Rater) -> dict[str, bytes]:
    """What must be nowhere: what it is to what it would look like."""
    words: dict[str, Any] = {}
    for name in SYSTEMS:
        words[f"system {name}"] = name
    said = " ".join(Stimulus.objects.values_list("text", flat=True)).lower()
    for system in System.objects.all():
        # "No change" is the title of a system, and what any advice may say.
        if system.title.lower() not in said:
            words[f"title of {system}"] = system.title
        words[f"version of {system}"] = system.version
    for item in version.items.select_related("excerpt__song"):
        song = item.excerpt.song
        words |= {f"{name} {song}": getattr(song, name) for name in ("title", "artist", "key")}
        words |= {f"fingerprint {song}": song.fingerprint, f"excerpt {song}": item.excerpt.key}
    for stimulus in Stimulus.objects.filter(item__version=version):
        words[f"rendering {stimulus}"] = (stimulus.rendering or {}).get("sha256")
        words[f"name {stimulus}"] = stimulus.name
    words |= {f"advice {one.pk}": one.key for one in Advice.objects.all()}
    for trial in Trial.objects.exclude(rater=own):
        words[f"trial of {trial.rater}"] = trial.key
    words |= {"rater": own.key, "hash": own.token_hash, "protocol": version.protocol_hash}
    # A version "1" is everywhere: only what is long enough to be nowhere by chance.
    return {name: str(text).encode() for name, text in words.items() if len(str(text or "")) > 3}


@pytest.mark.parametrize("case", CASES)
def test_no_byte_of_a_whole_study_names_a_system_blind(db: None, case: str) -> None:
    version = blinded(case)
    other = Participant()
    other.join(version)
    other.go_to("t")
    person = walk(version)
    assert person.rater.state == "complete"
    kinds = Counter(one.headers["Content-Type"].split(";")[0] for one in person.seen)
    assert min(kinds["audio/flac"], kinds["application/json"], kinds["text/html"]) >= 10
    secrets = secrets_of(version, person.rater)
    assert len(secrets) > 30
    assert told_in(person.seen, secrets) == set()
    assert words_in_data(person.seen) == set()


def test_the_search_would_find_a_secret(db: None) -> None:
    version = blinded("pairwise advice")
    person = Participant()
    person.join(version)
    person.go_to("t")
    secrets = secrets_of(version, person.rater)
    stimulus = Stimulus.objects.filter(role="system", item__version=version).first()
    song = stimulus.item.excerpt.song
    leaky = HttpResponse(json.dumps({"system": stimulus.name, "song": song.title}))
    leaky.request = {"PATH_INFO": "/leak/"}
    found = {name for name, _ in told_in([leaky], secrets)}
    assert f"system {stimulus.name}" in found
    assert f"title {song}" in found


def trials_of(version: StudyVersion) -> Iterator[tuple[Trial, dict[str, Any], Participant]]:
    """Every trial of a participant with its page's data."""
    person = Participant()
    person.join(version)
    while (step := person.step) != "done":
        if step != "t":
            person.take(step)
            continue
        trial = trial_data(person.seen[-1])
        yield Trial.objects.get(key=trial["key"]), trial, person
        person.save(trial, batch(trial, submit=submission(trial)))


@pytest.mark.parametrize(
    "case", ["multi-stimulus", "mushra with every anchor", "mixes with dry stems", "ranking",
             "advice heard at once"],
)  # fmt: skip
def test_all_sounds_of_a_trial_are_equally_long_in_samples_and_bytes_blind(
    db: None, case: str
) -> None:
    for _, trial, person in trials_of(blinded(case)):
        sounds = [person.get(address) for address in trial["sounds"].values()]
        assert len(sounds) >= 2
        assert len({len(one.content) for one in sounds}) == 1
        assert len({soundfile.info(io.BytesIO(one.content)).frames for one in sounds}) == 1
        headers = [
            {name: value for name, value in one.headers.items() if name not in OF_EACH_REQUEST}
            for one in sounds
        ]
        assert all(one == headers[0] for one in headers)
        named = {"ETag", "Last-Modified", "Content-Disposition"} & set(headers[0])
        assert not named
        assert headers[0]["Cache-Control"] == "private, max-age=31536000, immutable"


def test_sounds_have_the_same_numbers_whatever_stands_at_a_letter_blind(db: None) -> None:
    version = blinded("mushra")
    numbers = set()
    for _, trial, _ in trials_of(version):
        tails = {name: address.rsplit("/", 1)[1] for name, address in trial["sounds"].items()}
        numbers.add(json.dumps(tails, sort_keys=True))
    assert len(numbers) == 1


def test_checks_and_repeats_look_like_every_other_trial_blind(db: None) -> None:
    shapes: dict[str, set[str]] = {}
    for row, trial, _ in trials_of(blinded("multi-stimulus")):
        shown = {
            name: value
            for name, value in trial.items()
            if name not in ("key", "save_url", "sounds", "position", "back_url", "page")
        }
        shapes.setdefault(row.kind, set()).add(json.dumps(shown, sort_keys=True))
    assert set(shapes) == {"training", "main", "repeat", "attention"}
    main = shapes["main"] | shapes["repeat"] | shapes["attention"]
    assert len(main) == 1


def test_a_page_of_mixes_is_equally_large_whatever_is_compared_blind(db: None) -> None:
    sizes = Counter()
    for row, trial, person in trials_of(blinded("multi-stimulus")):
        if row.kind != "training":
            page = re.sub(r"\d+ of \d+|back", "", person.get(person.where()).text)
            data = json.dumps({**trial, "back_url": None, "position": 1})
            sizes[len(data)] += 1
            assert trial["key"] in page
    assert len(sizes) == 1


@pytest.fixture
def crowd_of_trials(db: None) -> list[Trial]:
    """All main trials of 48 people who compare two systems."""
    order = {"participants": 48, "trials_per_person": 3, "overlap": 6, "repeats": 0}
    gates = GATES | {"training": {"trials": 0}, "attention": {"trials": 0}}
    version = open_study(gates=gates, order=order)
    for _ in range(48):
        lists.claim(join_study(version, Newcomer(), NOW), NOW)
    return list(Trial.objects.select_related("item", "rater").order_by("pk"))


def first_systems(trials: list[Trial]) -> list[str]:
    """Which system stands at A."""
    names = dict(Stimulus.objects.values_list("pk", "name"))
    return [names[trial.sides[0]] for trial in trials]


def test_sides_tell_nothing_each_system_is_a_as_often_as_b_blind(
    crowd_of_trials: list[Trial],
) -> None:
    counts = Counter(first_systems(crowd_of_trials))
    assert sum(counts.values()) == 144
    assert abs(counts[SYSTEMS[0]] - counts[SYSTEMS[1]]) <= 6
    by_position: dict[int, Counter[str]] = {}
    for trial, name in zip(crowd_of_trials, first_systems(crowd_of_trials), strict=True):
        by_position.setdefault(trial.position, Counter())[name] += 1
    for counted in by_position.values():
        # 48 at each place: four standard deviations of a fair coin are 14 either way.
        assert abs(counted[SYSTEMS[0]] - 24) <= 14


def test_sides_cannot_be_guessed_from_the_person_before_blind(crowd_of_trials: list[Trial]) -> None:
    """No rule such as "who comes third has the first system at A" holds for all lists."""
    by_rater: dict[int, list[str]] = {}
    for trial, name in zip(crowd_of_trials, first_systems(crowd_of_trials), strict=True):
        by_rater.setdefault(trial.rater_id, []).append(name)
    assert len({tuple(names) for names in by_rater.values()}) >= 4


def test_keys_tell_neither_order_nor_side_blind(crowd_of_trials: list[Trial]) -> None:
    """Keys are drawn anew: sorting by them sorts nothing else."""
    names = first_systems(crowd_of_trials)
    assert len({trial.key for trial in crowd_of_trials}) == len(crowd_of_trials)
    assert len({len(trial.key) for trial in crowd_of_trials}) == 1
    ranked = sorted(zip(crowd_of_trials, names, strict=True), key=lambda pair: pair[0].key)
    lower = [name for _, name in ranked[: len(ranked) // 2]]
    # Of 72, hypergeometric: four standard deviations of 3 are 12 either way.
    assert abs(lower.count(SYSTEMS[0]) - 36) <= 13
    places = [trial.position for trial, _ in ranked]
    rising = sum(one < other for one, other in pairwise(places))
    falling = sum(one > other for one, other in pairwise(places))
    assert abs(rising - falling) <= 45


def test_no_two_people_share_a_key_of_the_same_item_blind(db: None) -> None:
    version = blinded("pairwise advice")
    seen: list[set[str]] = []
    for _ in range(3):
        person = Participant()
        person.join(version)
        person.go_to("t")
        seen.append(set(person.rater.trials.values_list("key", flat=True)))
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
