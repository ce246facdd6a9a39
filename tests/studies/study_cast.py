"""Studies for tests: frozen and open, with real advice by rules on short real excerpts.

The songs are made once for a run of the tests and linked into each test's media folder. Checkpoints
are those of the rules alone: no torch, some milliseconds for an advice.
"""

import atexit
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from annotate.media import media_folder
from annotate.models import Excerpt, Song
from annotate.models.campaigns import hash_token
from modeling.excerpts import cut_excerpt
from modeling.ingest import ingest
from modeling.layouts import find_songs
from modeling.systems.interface import BUNDLED_CHECKPOINTS
from studies.models import Advice, Rater, Study, StudyVersion, System
from studies.models.systems import problem_key
from studies.protocol.reading import read_spec
from studies.services import designing, freezing, lists, preparing
from tests.annotate.conftest import NOW, write_song

SONGS = 6
SECONDS = 3.2
SYSTEMS = ["template_shrinkage", "equal_loudness", "zero"]
BLOCK_TYPES = ("pairwise advice", "rated advice", "multi-stimulus", "mushra", "ranking")
REASON = {"key": "why", "kind": "text", "text": "Why?", "required": False}


def _link_stimuli() -> None:
    """Sounds that a test of this run rendered already are rendered no more."""
    folder = media_folder("stimuli")
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(_shared_folder("stimuli"))


@cache
def _shared_folder(name: str) -> Path:
    """A folder for one run of the tests."""
    root = Path(mkdtemp(prefix=f"gainsay-study-{name}-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


# What the systems said to the songs of this run: (values of the System, values of the Advice).
_said: dict[tuple[str, ...], tuple[dict[str, Any], dict[str, Any]]] = {}
_SYSTEM = ("name", "version", "title", "kind", "hears", "provenance", "created_at", "last_used_at")
_ADVICE = ("problem_db", "manner", "content", "prose", "provenance", "created_at")


def _remember_advice() -> None:
    on_songs = Advice.objects.filter(excerpt__isnull=False)
    for row in on_songs.select_related("system", "excerpt__song"):
        assert row.excerpt is not None
        fingerprint = row.excerpt.song.fingerprint
        key = (row.system.name, fingerprint, row.problem_key, row.manner)
        about = {"fingerprint": fingerprint} | {name: getattr(row, name) for name in _ADVICE}
        _said[key] = ({name: getattr(row.system, name) for name in _SYSTEM}, about)


def _recall_advice() -> None:
    """Rows of what was said before in this run, so that no system is asked twice."""
    excerpts = {one.song.fingerprint: one for one in Excerpt.objects.select_related("song")}
    for of_system, about in _said.values():
        values = dict(about)
        excerpt = excerpts.get(values.pop("fingerprint"))
        if excerpt is None:
            continue
        name, version = of_system["name"], of_system["version"]
        system, _ = System.objects.get_or_create(name=name, version=version, defaults=of_system)
        Advice.objects.get_or_create(
            system=system,
            excerpt=excerpt,
            problem_key=problem_key(values["problem_db"]),
            manner=values["manner"],
            defaults=values,
        )


def nothing(progress: float, message: str = "") -> None:
    """A report that nobody reads."""


@cache
def _songs_on_disk() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Folder and figures of each excerpt, made once."""
    root = _shared_folder("songs")
    found = []
    for number in range(SONGS):
        folder = write_song(root / "in" / f"Song {number}", seconds=SECONDS, seed=number)
        song = ingest(find_songs([folder]).songs[0], root / "songs", folder_name=f"song{number}")
        cut = cut_excerpt(song.folder, 0.0, song.duration_s, root / "excerpts" / f"cut{number}")
        figures = {
            "fingerprint": song.fingerprint,
            "duration_s": cut.duration_s,
            "loudness_lufs": dict(cut.loudness_lufs),
            "activity": dict(cut.activity),
        }
        found.append((str(cut.folder), figures))
    return tuple(found)


def make_excerpts(count: int = SONGS) -> list[Excerpt]:
    """Rows of short excerpts with real audio, the same ones again if asked again."""
    excerpts = []
    for number, (folder, figures) in enumerate(_songs_on_disk()[:count]):
        song, _ = Song.objects.get_or_create(
            fingerprint=figures["fingerprint"],
            defaults={
                "title": f"Song {number}",
                "artist": f"Artist {number}",
                "duration_s": figures["duration_s"],
                "imported_at": NOW,
            },
        )
        excerpt = song.excerpts.first() or Excerpt.objects.create(
            song=song,
            duration_s=figures["duration_s"],
            loudness_lufs=figures["loudness_lufs"],
            peak_dbfs=dict.fromkeys(figures["loudness_lufs"], -6.0),
            activity=figures["activity"],
            created_at=NOW,
        )
        excerpt.folder.parent.mkdir(parents=True, exist_ok=True)
        if not excerpt.folder.exists():
            excerpt.folder.symlink_to(folder)
        if excerpt.retired_at is not None:  # put away by tests.e2e.trial_seed
            excerpt.retired_at = None
            excerpt.save(update_fields=["retired_at"])
        excerpts.append(excerpt)
    return excerpts


def block_data(type_: str, **changed: Any) -> dict[str, Any]:
    """A block of one of the five types, with what belongs to it."""
    data: dict[str, Any] = {
        "key": type_.replace(" ", "-"),
        "type": type_,
        "systems": SYSTEMS[:2] if type_ == "pairwise advice" else SYSTEMS,
    }
    if type_ == "pairwise advice":
        choice = {"key": "better", "kind": "choice", "text": "Which advice is better?"}
        data["questions"] = [choice, REASON]
    elif type_ == "rated advice":
        data["questions"] = [
            {"key": "helpful", "kind": "scale", "text": "How helpful?"},
            {"key": "clear", "kind": "scale", "text": "How clear?"},
            REASON,
        ]
    elif type_ == "ranking":
        data["questions"] = [{"key": "order", "kind": "ranking", "text": "Best first"}, REASON]
    else:
        scale = {"key": "quality", "kind": "scale", "text": "Quality?", "low": 0, "high": 100}
        data["questions"] = [scale, REASON]
    if type_ == "mushra":
        data |= {"hidden_reference": True, "anchors": ["low-pass 3.5 kHz"]}
    return data | changed


def study_data(
    types: tuple[str, ...] = ("pairwise advice",),
    *,
    blocks: list[dict[str, Any]] | None = None,
    songs: int = SONGS,
    **changed: Any,
) -> dict[str, Any]:
    """A whole spec as plain data: small, quick, every gate off but training and attention (one
    each). `changed` replaces whole parts: order={...}, gates={...}, texts={...}."""
    excerpts = make_excerpts(songs)
    listed = [
        {"excerpt": one.key, "error_db": {"vocals": 6.0 if n % 2 else -6.0}}
        for n, one in enumerate(excerpts)
    ]
    return {
        "title": "A study",
        "seed": 5,
        "items": {"listed": listed},
        "blocks": blocks or [block_data(one) for one in types],
        "order": {"participants": 6, "trials_per_person": 3, "overlap": 1, "repeats": 1},
        "gates": {
            "questionnaire": [],
            "volume": False,
            "headphones": {"check": "none"},
            "training": {"trials": 1},
            "attention": {"trials": 1, "required": 1},
            "listening": {"seconds": 0, "policy": "record"},
        },
        "texts": {"consent": "You take part freely.", "debriefing": "Thank you."},
    } | changed


def make_study(
    owner: Any = None, data: Mapping[str, Any] | None = None, *, now: datetime = NOW, **asked: Any
) -> Study:
    """A study with a draft that nothing was made for yet; `asked` as for `study_data`."""
    if owner is None:
        users = get_user_model().objects
        owner = users.filter(username="owner").first() or users.create_user("owner", password="-")
    return designing.create_study(owner, read_spec(data or study_data(**asked)), now)


@contextmanager
def rules_speak() -> Iterator[None]:
    """The bundled rules as the site's checkpoints, whatever the test's are."""
    kept, settings.CHECKPOINTS = settings.CHECKPOINTS, rules_only()
    try:
        yield
    finally:
        settings.CHECKPOINTS = kept


def prepare(version: StudyVersion, *, now: datetime = NOW) -> dict[str, Any]:
    """Items, advice and sounds of a draft, from what this run of the tests made before."""
    _link_stimuli()
    _recall_advice()
    with rules_speak():
        made = preparing.prepare(version, report=nothing, now=now)
    _remember_advice()
    return made


def freeze(version: StudyVersion, *, now: datetime = NOW) -> StudyVersion:
    with rules_speak():
        return freezing.freeze(version, version.study.owner, now)


def prepared_study(owner: Any = None, *, now: datetime = NOW, **asked: Any) -> StudyVersion:
    """A draft with its items, advice and sounds."""
    version = make_study(owner, now=now, **asked).latest
    prepare(version, now=now)
    return version


def open_study(owner: Any = None, *, now: datetime = NOW, **asked: Any) -> StudyVersion:
    """A frozen and open version: `open_study(types=("mushra",))`, `open_study(songs=4)`..."""
    return freeze(prepared_study(owner, now=now, **asked), now=now)


@cache
def rules_only() -> Path:
    """A folder of checkpoints with the fitted rules and no advisor."""
    root = _shared_folder("checkpoints")
    shutil.copytree(BUNDLED_CHECKPOINTS / "rules", root / "rules")
    return root


def make_rater(version: StudyVersion, *, now: datetime = NOW, **fields: Any) -> Rater:
    """Somebody who has come and has no list yet. Their token is `rater.token`."""
    token = Rater.new_token()
    number = version.raters.count() + 1
    rater = Rater.objects.create(
        version=version,
        number=number,
        token_hash=hash_token(token),
        seed=number,
        created_at=now,
        **fields,
    )
    rater.token = token  # type: ignore[attr-defined]
    return rater


def rater_with_list(version: StudyVersion, *, now: datetime = NOW, **fields: Any) -> Rater:
    """Somebody with their trials made."""
    rater = make_rater(version, now=now, **fields)
    assert lists.claim(rater, now) is not None
    return rater
