"""The site's side of a run of participants: an open study, and what the database holds after it.

Imports Django's models: `django.setup()` comes first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotate.models import Excerpt, Song
from annotate.services import library
from modeling.excerpts import ExcerptWindow
from studies.models import Judgement, Rater, StudyVersion, Trial
from studies.protocol.reading import read_spec
from studies.services import freezing, preparing
from studies.services.designing import create_study
from studies.services.participants import make_pass

EXCERPT_S = 8.0
SYSTEMS = ["template_shrinkage", "equal_loudness"]
GATES: dict[str, Any] = {
    "questionnaire": [],
    "volume": True,
    "headphones": {"check": "none"},
    "training": {"trials": 0},
    "attention": {"trials": 1, "required": 1},
    "listening": {"seconds": 8, "policy": "record"},
}


def open_study(*, participants: int, trials: int, seed: int) -> str:
    """Tables, one generated song cut into excerpts, an open study of pairwise advice by
    two rules. The path of its link for simulated raters."""
    now = timezone.now()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("make_demo_songs", "--count", "1", "--seed", str(seed), stdout=StringIO())
    owner = get_user_model().objects.create_user("researcher")
    song = Song.objects.get()
    shift_s = (song.duration_s - EXCERPT_S) / (trials + 2)
    excerpts = [
        library.add_excerpt(
            song,
            ExcerptWindow(round(shift_s * place, 3), EXCERPT_S, score=0.0, reasons=()),
            origin=Excerpt.Origin.BY_HAND,
            now=now,
        )
        for place in range(trials + 2)
    ]
    spec = {
        "title": "Load",
        "seed": seed,
        "items": {
            "listed": [
                {"excerpt": one.key, "error_db": {"bass": (2.0 + 0.5 * n) * (-1) ** n}}
                for n, one in enumerate(excerpts)
            ]
        },
        "blocks": [
            {
                "key": "advice",
                "type": "pairwise advice",
                "systems": SYSTEMS,
                "questions": [{"key": "better", "kind": "choice", "text": "Which is better?"}],
            }
        ],
        "order": {
            "participants": participants,
            "trials_per_person": trials,
            "overlap": 1,
            "repeats": 0,
        },
        "gates": GATES,
        "texts": {"consent": "You take part freely."},
        "allow_seen": True,
    }
    study = create_study(owner, read_spec(spec), now)
    version = study.latest
    preparing.prepare(version, report=lambda share, message="": None, now=now)
    freezing.freeze(version, owner, now)
    admitted = make_pass(study, run=Rater.Run.MAIN, kind=Rater.Kind.SIMULATED, manner="load")
    connection.close()
    return f"{reverse('part-join', args=[study.key])}?pass={admitted}"


def faults(acknowledged: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """What the database holds otherwise than it was acknowledged, by count and by content, and
    lists that more than one person has. `acknowledged` holds all revisions by trial."""
    stored: dict[str, list[dict[str, Any]]] = {}
    rows = Judgement.objects.order_by("revision").values_list("trial__key", "question", "value")
    for key, question, value in rows:
        stored.setdefault(key, []).append({question: value})
    lost = [
        f"{key}: {stored.get(key)} is stored, {list(sent)} was acknowledged"
        for key, sent in acknowledged.items()
        if stored.get(key) != list(sent)
    ]
    unasked = set(stored) - set(acknowledged)
    lost += [f"{key}: stored and never acknowledged" for key in sorted(unasked)]
    version = StudyVersion.objects.get()
    held = Counter(Rater.objects.filter(trials__isnull=False).distinct().values_list("list_number"))
    over = [f"list {number[0]}: {count} people" for number, count in held.items() if count > 1]
    answered = Trial.objects.filter(rater__version=version, state=Trial.State.ANSWERED).count()
    if answered != len(stored):
        lost.append(f"{answered} trials are answered, {len(stored)} have judgements")
    return {"lost": lost, "overlap": over}
