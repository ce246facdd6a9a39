"""The spec of a study: the one schema behind the builder, `create_study` and the REST interface.

A spec is plain data (TOML, JSON, a form) that `read_spec` turns into frozen values, or refuses with
one line that names the field. Texts are one string, or one for each language.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from analysis.vectors import STEMS

MOST_BLOCKS = 8
MOST_QUESTIONS = 12
MOST_STIMULI = 12  # signals on one screen (listening.md); MUSHRA-like allows as many

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Line = Annotated[str, StringConstraints(max_length=300)]
LongText = Annotated[str, StringConstraints(max_length=20_000)]
Language = Literal["en", "de"]
# One text for all, or one for each language of the study.
Text = LongText | dict[Language, LongText]

Policy = Literal["record", "warn", "exclude"]
BlockType = Literal["pairwise advice", "rated advice", "multi-stimulus", "mushra", "ranking"]
HearAfter = Literal["never", "after the answers", "from the start"]
Anchor = Literal["low-pass 3.5 kHz", "low-pass 7 kHz", "known error"]

ADVICE_BLOCKS: tuple[BlockType, ...] = ("pairwise advice", "rated advice")
TIE, BOTH_BAD = "tie", "both bad"


class SpecModel(BaseModel):
    """Unknown keys are faults, and what was read never changes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False
    )


class ListedItem(SpecModel):
    """One excerpt with one injected error; `error_db` is a move in dB from the reference balance,
    one number for each stem that is moved."""

    excerpt: Name
    error_db: dict[str, Annotated[float, Field(ge=-24, le=24)]] = {}

    @model_validator(mode="after")
    def _stems_are_known(self) -> Self:
        unknown = sorted(set(self.error_db) - set(STEMS))
        if unknown:
            raise ValueError(f"no stem {unknown[0]!r}: give {', '.join(STEMS)}")
        return self


class Draw(SpecModel):
    """Items drawn from the library: excerpts by a filter, error sizes stratified."""

    count: Annotated[int, Field(ge=1, le=2000)]
    # Words of the song filter (title, artist), empty for all; or the campaign's excerpts.
    songs: Line = ""
    campaign: Line = ""
    balanced_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    sizes_db: Annotated[
        list[Annotated[float, Field(ge=1.5, le=12)]], Field(min_length=1, max_length=8)
    ] = [3.0, 6.0, 9.0]
    stems: Annotated[list[Literal["vocals", "drums", "bass", "other"]], Field(min_length=1)] = [
        "vocals",
        "drums",
        "bass",
        "other",
    ]


class Items(SpecModel):
    """Listed one by one, or drawn, or both. `training` and `attention` items come from `extra`
    excerpts where given, else from the same draw."""

    listed: Annotated[list[ListedItem], Field(max_length=2000)] = []
    extra: Annotated[list[Name], Field(max_length=100)] = []
    draw: Draw | None = None

    @model_validator(mode="after")
    def _there_are_some(self) -> Self:
        if not self.listed and self.draw is None:
            raise ValueError("list at least one item, or give a draw")
        return self


class Question(SpecModel):
    """What is asked of a trial.

    choice: which of two; with "about the same" and "both bad" where allowed. scale: a number from
    `low` to `high` in steps, of the advice (rated advice) or of every stimulus (multi-stimulus,
    mushra). ranking: all stimuli from best to worst. text: free words.
    """

    key: Slug
    kind: Literal["choice", "scale", "ranking", "text"]
    text: Text
    help: Text = ""
    required: bool = True
    low: float = 1.0
    high: float = 7.0
    step: Annotated[float, Field(gt=0)] = 1.0
    low_label: Text = ""
    high_label: Text = ""
    tie: bool = True
    both_bad: bool = True
    max_length: Annotated[int, Field(ge=1, le=5000)] = 2000

    @model_validator(mode="after")
    def _scale_rises(self) -> Self:
        if self.kind == "scale" and not self.low < self.high:
            raise ValueError(f"low = {self.low:g} must be under high = {self.high:g}")
        return self


class AdviceForm(SpecModel):
    """What the advice may hold: the same for every system of the block."""

    reasons: bool = True
    self_check: bool = True
    min_words: Annotated[int, Field(ge=1, le=500)] = 1
    max_words: Annotated[int, Field(ge=1, le=500)] = 200
    # What it is written in, whoever wrote it: pages in another language say so to screen readers.
    language: Language = "en"


class Block(SpecModel):
    """Trials of one type, asked in the same way."""

    key: Slug
    type: BlockType
    title: Text = ""
    instructions: Text = ""
    systems: Annotated[list[Name], Field(max_length=MOST_STIMULI)] = []
    # Pairwise only: which pairs; empty is all.
    contrasts: list[tuple[Name, Name]] = []
    questions: Annotated[list[Question], Field(min_length=1, max_length=MOST_QUESTIONS)]
    advice: AdviceForm = AdviceForm()
    hear_after: HearAfter = "never"
    # Mixes: what stands beside the systems' mixes.
    include_problem: bool = False
    include_reference: bool = False
    hidden_reference: bool = False
    anchors: list[Anchor] = []
    anchor_error_db: Annotated[float, Field(ge=3, le=18)] = 9.0
    dry_stems: bool = False
    ranked: Literal["advice", "mixes"] = "mixes"

    @property
    def is_about_advice(self) -> bool:
        """Texts are judged, not mixes."""
        return self.type in ADVICE_BLOCKS or (self.type == "ranking" and self.ranked == "advice")

    def pairs(self) -> list[tuple[str, str]]:
        """The comparisons of a pairwise block, each once."""
        if self.contrasts:
            return list(self.contrasts)
        return [
            (one, other)
            for place, one in enumerate(self.systems)
            for other in self.systems[place + 1 :]
        ]


class Order(SpecModel):
    """How trials become lists, one list a person."""

    participants: Annotated[int, Field(ge=1, le=10_000)] = 24
    trials_per_person: Annotated[int, Field(ge=1, le=200)] = 20
    overlap: Annotated[int, Field(ge=1, le=1000)] = 3
    repeats: Annotated[int, Field(ge=0, le=20)] = 2
    blocks: Literal["as given", "counterbalanced"] = "as given"
    lease_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 90
    back: Literal["never", "within the block"] = "within the block"
    longest_minutes: Annotated[int, Field(ge=1, le=240)] = 45


class HeadphoneGate(SpecModel):
    check: Literal["none", "huggins", "antiphase"] = "huggins"
    policy: Policy = "record"


class TrainingGate(SpecModel):
    trials: Annotated[int, Field(ge=0, le=10)] = 2
    policy: Policy = "record"


class AttentionGate(SpecModel):
    trials: Annotated[int, Field(ge=0, le=10)] = 2
    required: Annotated[int, Field(ge=0, le=10)] = 1
    policy: Policy = "record"
    end_early: bool = False


class ListeningGate(SpecModel):
    """Seconds of the problem mix (or of every mix compared) before an answer counts."""

    seconds: Annotated[float, Field(ge=0, le=120)] = 5.0
    policy: Policy = "warn"


class Gates(SpecModel):
    questionnaire: list[Literal["mixing_years", "gear", "age_band", "hearing"]] = [
        "mixing_years",
        "gear",
        "age_band",
    ]
    volume: bool = True
    headphones: HeadphoneGate = HeadphoneGate()
    training: TrainingGate = TrainingGate()
    attention: AttentionGate = AttentionGate()
    listening: ListeningGate = ListeningGate()
    # Lab mode: pink noise set by a level meter once, kept with the device.
    calibration: bool = False


class Texts(SpecModel):
    consent: Text
    title: Text = ""
    welcome: Text = ""
    instructions: Text = ""
    debriefing: Text = ""
    contact: Text = ""


class Crowd(SpecModel):
    """Parameters by which a crowd platform names a person, and where they go back to.

    `return_url` holds {code}; the codes are kept apart, so that a person who was screened out is
    not paid as one who finished, nor the other way round.
    """

    platform: Literal["none", "prolific", "other"] = "none"
    person_parameter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{0,40}$")] = ""
    session_parameter: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{0,40}$")] = ""
    return_url: Annotated[str, StringConstraints(max_length=500)] = ""
    complete_code: Annotated[str, StringConstraints(max_length=60)] = ""
    screened_out_code: Annotated[str, StringConstraints(max_length=60)] = ""
    attention_failed_code: Annotated[str, StringConstraints(max_length=60)] = ""

    @model_validator(mode="after")
    def _goes_back_over_https(self) -> Self:
        if self.return_url and not re.match(r"https://[^\s/]+", self.return_url):
            raise ValueError("return_url must begin with https://")
        codes = [
            code
            for code in (self.complete_code, self.screened_out_code, self.attention_failed_code)
            if code
        ]
        if len(set(codes)) < len(codes):
            raise ValueError("complete, screened-out and attention-failed codes must differ")
        return self


class Outcome(SpecModel):
    """The one outcome that is confirmatory: everything else is exploratory."""

    block: Slug
    question: Slug
    contrast: tuple[Name, Name] | None = None
    model: Literal["bradley-terry", "mixed", "clustered signed rank", "cumulative logit"] = (
        "bradley-terry"
    )
    cluster: Literal["rater", "rater and item"] = "rater and item"


class Rule(SpecModel):
    """One exclusion rule; `value` is its threshold where it has one."""

    rule: Literal[
        "attention at least",
        "headphones passed",
        "repeats within one step at least",
        "some variance",
        "all audio played",
        "listened at least s",
        "duration at least s",
        "not rejected",
        "complete",
        "hidden reference",
        "mid anchor",
    ]
    value: float | None = None


class Plan(SpecModel):
    """The analysis plan, frozen with the protocol."""

    hypothesis: Line = ""
    primary: Outcome | None = None
    sample_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    stopping_rule: Line = ""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    family: list[Slug] = []
    smallest_effect: float | None = None
    exclusions: list[Rule] = []


class Audio(SpecModel):
    """Every mix of a trial is brought to one loudness, under a ceiling of -1 dBTP."""

    target_lufs: Annotated[float, Field(ge=-40, le=-14)] = -23.0


class Spec(SpecModel):
    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    preset: Line = ""
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: LongText = ""
    languages: Annotated[list[Language], Field(min_length=1)] = ["en"]
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0
    items: Items
    blocks: Annotated[list[Block], Field(min_length=1, max_length=MOST_BLOCKS)]
    order: Order = Order()
    gates: Gates = Gates()
    texts: Texts
    audio: Audio = Audio()
    crowd: Crowd = Crowd()
    plan: Plan = Plan()
    # Items whose songs a system was fitted on are refused unless this is set; then every figure
    # is marked.
    allow_seen: bool = False

    def title_in(self, language: str) -> str:
        """What participants read as the study's name: its own where no text is given for it."""
        return in_language(self.texts.title or self.title, language)

    def block(self, key: str) -> Block:
        return next(block for block in self.blocks if block.key == key)

    def as_data(self) -> dict[str, Any]:
        """Plain data from which the same spec is read."""
        return self.model_dump(mode="json", by_alias=True)


class Wording(str):
    """A text as somebody reads it. `is_for_all`: there is one for everybody, in the study's first
    language as far as it is in any."""

    __slots__ = ("is_for_all",)
    is_for_all: bool

    def __new__(cls, text: str = "", is_for_all: bool = False) -> Self:
        made = super().__new__(cls, text)
        made.is_for_all = is_for_all
        return made


def in_language(text: Text, language: str) -> Wording:
    """A text as somebody reads it: in their language, else the first one given."""
    if isinstance(text, str):
        return Wording(text, is_for_all=True)
    found: str | None = dict(text).get(language)  # type: ignore[call-overload]
    words = found if found is not None else next(iter(text.values()), "")
    return Wording(words, is_for_all=found is None)
