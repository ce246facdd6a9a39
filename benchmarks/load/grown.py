"""A site that has grown: as many songs, people and judgements as asked for, made in the database
itself (PostgreSQL) by a few statements. Rows are as the site writes them; there is no audio.

Imports Django's models: `django.setup()` comes first.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from analysis.vectors import STEMS
from annotate.models import (
    Annotation,
    Annotator,
    Assignment,
    Campaign,
    CampaignExcerpt,
    Excerpt,
    Slot,
    Song,
    Stem,
)
from benchmarks.load.study_books import GATES, SYSTEMS
from studies.models import (
    Answer,
    Item,
    Judgement,
    PersonalData,
    Rater,
    RaterStep,
    Stimulus,
    Study,
    StudyVersion,
    Trial,
    TrialEvents,
    TrialList,
)
from studies.protocol.reading import read_spec
from studies.services.designing import create_study

MOST_ITEMS, OVERLAP = 100, 3
ZEROS = dict.fromkeys(STEMS, 0.0)
ZEROS_SQL = "'" + str(ZEROS).replace("'", '"') + "'::jsonb"
KEY = "substr(md5('{name}' || {n}), 1, 16)"


@dataclass(frozen=True)
class Grown:
    """`trials` is how many each participant answered; `annotators` share one campaign that holds
    every song."""

    songs: int
    participants: int
    trials: int
    annotators: int

    @property
    def items(self) -> int:
        """How many items the study has."""
        return min(MOST_ITEMS, self.songs)

    @property
    def judgements(self) -> int:
        return self.participants * self.trials


def fill(grown: Grown) -> tuple[Any, Study, Campaign]:
    """Everything, and the researcher who owns it."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    owner = get_user_model().objects.create_user("researcher")
    _songs(grown)
    campaign = _campaign(owner, grown)
    study = _study(owner, grown)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return owner, study, campaign


def insert(model: type[Model], rows: str, **columns: str) -> None:
    """INSERT ... SELECT: an SQL expression for each column, from `rows`."""
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(columns.values())
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {rows}")


def key(name: str, n: str) -> str:
    return KEY.format(name=name, n=n)


def _songs(grown: Grown) -> None:
    insert(
        Song,
        f"generate_series(1, {grown.songs}) n",
        key=key("song", "n"),
        title="'Song ' || n",
        artist="'Artist ' || n % 500",
        genre="(ARRAY['rock', 'pop', 'jazz', 'folk'])[1 + n % 4]",
        split="(ARRAY['train', 'test'])[1 + n % 2]",
        licence="'CC BY 4.0'",
        source="''",
        is_generated="false",
        has_audio="false",
        fingerprint="md5('song' || n)",
        source_key="md5('source' || n)",
        duration_s="240.0",
        notes="'[]'",
        imported_at="now() - n * interval '1 minute'",
    )
    insert(
        Stem,
        f"{Song._meta.db_table} song, unnest(ARRAY['vocals', 'drums', 'bass', 'other']) role",
        song_id="song.id",
        role="role",
        loudness_lufs="-23.0",
        peak_dbfs="-3.0",
        activity="0.8",
        source_rate_hz="44100",
        source_channels="2",
    )
    insert(
        Excerpt,
        f"{Song._meta.db_table} song",
        key=key("excerpt", "song.id"),
        song_id="song.id",
        label="''",
        start_s="30.0",
        duration_s="25.0",
        origin="'automatic'",
        reasons="'[]'",
        loudness_lufs=ZEROS_SQL,
        peak_dbfs=ZEROS_SQL,
        activity=ZEROS_SQL,
        safe_target_lufs="-23.0",
        has_audio="false",
        created_at="now()",
    )


def _campaign(owner: Any, grown: Grown) -> Campaign:
    now = timezone.now()
    campaign = Campaign.objects.create(
        owner=owner,
        name="Grown",
        state=Campaign.State.OPEN,
        overlap=OVERLAP,
        created_at=now,
        opened_at=now,
    )
    insert(
        CampaignExcerpt,
        f"{Excerpt._meta.db_table} excerpt",
        campaign_id=str(campaign.pk),
        excerpt_id="excerpt.id",
        key=key("item", "excerpt.id"),
        completed=str(OVERLAP),
    )
    Annotator.objects.bulk_create(
        Annotator(
            campaign=campaign,
            number=number,
            token_hash=f"{number:064d}",
            created_at=now,
            consented_at=now,
            mixing_years=number % 30,
        )
        for number in range(1, grown.annotators + 1)
    )
    _annotate(campaign, grown.annotators)
    return campaign


def _annotate(campaign: Campaign, annotators: int) -> None:
    """Every place of every excerpt taken and answered, two days ago."""
    first = campaign.annotators.order_by("pk")[0].pk
    insert(
        Assignment,
        f"{CampaignExcerpt._meta.db_table} item, generate_series(1, {OVERLAP}) place",
        key=key("assignment", "item.id || '-' || place"),
        item_id="item.id",
        annotator_id=f"{first} + (item.id * {OVERLAP} + place) % {annotators}",
        repeat="0",
        slot_number="place",
        state="'submitted'",
        served_gain_db=ZEROS_SQL,
        trim_db=ZEROS_SQL,
        start_db=ZEROS_SQL,
        created_at="now() - interval '2 days'",
        finished_at="now() - interval '2 days' + (item.id % 300) * interval '1 second'",
        desk="'{}'",
        desk_page="0",
        desk_seq="0",
        listened_s="20 + item.id % 100",
        moves="item.id % 50",
        saved_at="now() - interval '2 days'",
    )
    insert(
        Annotation,
        f"{Assignment._meta.db_table} one",
        assignment_id="one.id",
        revision="1",
        idempotency_key=key("annotation", "one.id"),
        fader_db=ZEROS_SQL,
        balance_db=ZEROS_SQL,
        cannot_judge_reason="''",
        confidence="4",
        comment="''",
        listened_s="one.listened_s",
        moves="one.moves",
        is_surplus="false",
        submitted_at="one.finished_at",
    )
    insert(
        Slot,
        f"{Assignment._meta.db_table} one",
        item_id="one.item_id",
        number="one.slot_number",
        assignment_id="one.id",
        is_filled="true",
    )


def _study(owner: Any, grown: Grown) -> Study:
    now = timezone.now()
    excerpts = list(Excerpt.objects.order_by("pk")[: grown.items])
    spec = {
        "title": "Grown",
        "seed": 3,
        "items": {"listed": [{"excerpt": one.key, "error_db": {"bass": 3.0}} for one in excerpts]},
        "blocks": [
            {
                "key": "advice",
                "type": "pairwise advice",
                "systems": SYSTEMS,
                "questions": [{"key": "better", "kind": "choice", "text": "Which is better?"}],
            }
        ],
        "order": {
            "participants": grown.participants,
            "trials_per_person": grown.trials,
            "overlap": 1,
            "repeats": 0,
        },
        "gates": GATES,
        "texts": {"consent": "You take part freely."},
        "allow_seen": True,
    }
    study = create_study(owner, read_spec(spec), now)
    version = study.latest
    items = Item.objects.bulk_create(
        Item(
            version=version,
            number=number,
            block="advice",
            excerpt=one,
            reference_db=ZEROS,
            problem_db=ZEROS | {"bass": 3.0},
            error_db=ZEROS | {"bass": 3.0},
        )
        for number, one in enumerate(excerpts, 1)
    )
    Stimulus.objects.bulk_create(
        Stimulus(item=item, number=number, name=name, text=f"Turn the bass down by {number} dB.")
        for item in items
        for number, name in enumerate(SYSTEMS, 1)
    )
    StudyVersion.objects.filter(pk=version.pk).update(
        state=StudyVersion.State.OPEN,
        protocol_hash="0" * 64,
        plan_hash="0" * 64,
        frozen_at=now - timedelta(days=60),
    )
    _people(version, grown)
    _answers(version, grown)
    return study


def _people(version: StudyVersion, grown: Grown) -> None:
    came = f"now() - (50 - 40.0 * n / {grown.participants}) * interval '1 day'"
    insert(
        Rater,
        f"generate_series(1, {grown.participants}) n",
        key=key("rater", "n"),
        version_id=str(version.pk),
        number="n",
        kind="'person'",
        run="'main'",
        state="CASE WHEN n % 10 < 8 THEN 'complete' WHEN n % 10 = 8 THEN 'active' "
        "ELSE 'screened out' END",
        token_hash="md5('a' || n) || md5('b' || n)",
        seed="n",
        language="'en'",
        list_number="n",
        about="'{}'",
        created_at=came,
        consented_at=came,
        last_seen_at=f"{came} + interval '20 minutes'",
        finished_at=f"CASE WHEN n % 10 = 8 THEN NULL ELSE {came} + (15 + n % 20) * "
        "interval '1 minute' END",
    )
    rater = f"{Rater._meta.db_table} rater"
    insert(
        PersonalData,
        rater,
        rater_id="rater.id",
        person="'person' || rater.number",
        session="'session' || rater.number",
        questionnaire='\'{"experience": "5 years"}\'',
        device="'{}'",
    )
    insert(
        RaterStep,
        f"{rater}, unnest(ARRAY['consent', 'volume', 'instructions', 'trials', 'attention']) step",
        rater_id="rater.id",
        step="step",
        passed="CASE WHEN step = 'attention' THEN rater.number % 20 > 0 END",
        policy="CASE WHEN step = 'attention' THEN 'record' ELSE '' END",
        detail="'{}'",
        at="rater.created_at",
    )
    insert(
        TrialList,
        f"{rater}, LATERAL (SELECT jsonb_agg(jsonb_build_object('item', "
        f"(rater.number + t) % {grown.items} + 1, 'kind', 'main', 'sides', '[1, 2]'::jsonb, "
        f"'repeat_of', NULL)) AS trials FROM generate_series(1, {grown.trials}) t) own",
        version_id=str(version.pk),
        number="rater.number",
        trials="own.trials",
        rater_id="CASE WHEN rater.state = 'complete' THEN rater.id END",
        is_filled="rater.state = 'complete'",
        completed="CASE WHEN rater.state = 'complete' THEN 1 ELSE 0 END",
    )


def _answers(version: StudyVersion, grown: Grown) -> None:
    insert(
        Trial,
        f"{Rater._meta.db_table} rater, generate_series(1, {grown.trials}) t "
        f"JOIN LATERAL (SELECT id FROM {Item._meta.db_table} WHERE version_id = {version.pk} "
        f"AND number = (rater.number + t) % {grown.items} + 1) item ON true "
        f"JOIN LATERAL (SELECT array_agg(id ORDER BY (number + rater.number) % 2) AS ids "
        f"FROM {Stimulus._meta.db_table} WHERE item_id = item.id) shown ON true",
        key=key("trial", "rater.id || '-' || t"),
        rater_id="rater.id",
        item_id="item.id",
        position="t",
        kind="'main'",
        order="1",
        sides="to_jsonb(shown.ids)",
        state="'answered'",
        failure="''",
        listened_s="'{\"problem\": 21.5}'",
        draft='\'{"better": "A"}\'',
        draft_page="1",
        draft_seq="4",
        saved_at="rater.created_at",
        seen_at="rater.created_at + t * interval '30 seconds'",
        finished_at="rater.created_at + t * interval '30 seconds' + interval '25 seconds'",
    )
    trial = f"{Trial._meta.db_table} trial"
    insert(
        Answer,
        trial,
        trial_id="trial.id",
        idempotency_key=key("answer", "trial.id"),
        phase="'before'",
        revision="1",
        content_hash="md5('c' || trial.id) || md5('d' || trial.id)",
        submitted_at="trial.finished_at",
    )
    insert(
        Judgement,
        f"{Answer._meta.db_table} answer",
        trial_id="answer.trial_id",
        answer_id="answer.id",
        question="'better'",
        phase="'before'",
        revision="1",
        value="to_jsonb((ARRAY['A', 'A', 'B', 'B', 'tie'])[1 + answer.id % 5])",
        submitted_at="answer.submitted_at",
    )
    insert(
        TrialEvents,
        trial,
        trial_id="trial.id",
        client=key("client", "trial.id"),
        seq="1",
        events='\'[{"t": 900, "kind": "play"}, {"t": 21000, "kind": "pause"}]\'',
        received_at="trial.finished_at",
    )
