"""The builder's page from top to bottom: which fields stand where, by what a block is."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from studies.design.form import DesignForm, FieldView
from studies.protocol.spec import ADVICE_BLOCKS

# What a question of each kind can be told.
QUESTION_FIELDS = {
    "choice": ("tie", "both_bad"),
    "scale": ("low", "high", "step", "low_label", "high_label"),
    "ranking": ("tie",),
    "text": ("max_length",),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one small heading."""

    title: str
    fields: list[FieldView]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class QuestionView:
    path: str
    number: int
    key: FieldView
    kind: FieldView
    words: list[FieldView]
    details: list[FieldView]
    required: FieldView
    is_last: bool


@dataclass(frozen=True, slots=True)
class PairView:
    path: str
    one: FieldView
    other: FieldView


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block's card. `pairs` is None where there are none to choose."""

    path: str
    number: int
    name: str
    is_last: bool
    head: list[FieldView]
    systems: FieldView
    details: list[FieldView]
    words: list[FieldView]
    questions: list[QuestionView]
    question_group: FieldView
    pair_group: FieldView
    pairs: list[PairView] | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    path: str
    number: int
    rule: FieldView
    value: FieldView


@dataclass(slots=True)
class Page:
    """Everything the builder's template draws."""

    about: list[FieldView]
    items: list[Group]
    items_group: FieldView
    draw_group: FieldView
    blocks: list[BlockView]
    blocks_group: FieldView
    order: list[FieldView]
    order_group: FieldView
    gates: list[Group]
    texts: list[FieldView]
    crowd: list[FieldView]
    crowd_group: FieldView
    plan: list[Group]
    rules: list[RuleView]
    elsewhere: list[Any] = field(default_factory=list)


def page_of(form: DesignForm) -> Page:
    """The whole page. Faults that belong to no field shown are in `elsewhere`."""
    page = Page(
        about=_fields(form, "title description seed audio.target_lufs languages[]"),
        items=_items(form),
        items_group=form.group("items"),
        draw_group=form.group("items.draw"),
        blocks=_blocks(form),
        blocks_group=form.group("blocks"),
        order=_fields(
            form,
            "order.participants order.trials_per_person order.overlap order.repeats order.blocks "
            "order.back order.lease_minutes order.longest_minutes",
        ),
        order_group=form.group("order"),
        gates=_gates(form),
        texts=[
            form.field(f"texts.{name}", rows=1 if name == "title" else 3)
            for name in ("title", "welcome", "consent", "instructions", "debriefing", "contact")
        ],
        crowd=_fields(
            form,
            "crowd.platform crowd.return_url crowd.person_parameter crowd.session_parameter "
            "crowd.complete_code crowd.screened_out_code crowd.attention_failed_code",
        ),
        crowd_group=form.group("crowd"),
        plan=_plan(form),
        rules=[
            RuleView(path, number, form.field(f"{path}.rule"), form.field(f"{path}.value"))
            for number, path in enumerate(form.rows("plan.exclusions"))
        ],
    )
    page.elsewhere = form.elsewhere()
    return page


def _fields(form: DesignForm, paths: str) -> list[FieldView]:
    return [form.field(path.removesuffix("[]")) for path in paths.split()]


def _items(form: DesignForm) -> list[Group]:
    draw = _fields(
        form,
        "items.draw.count items.draw.balanced_share items.draw.sizes_db items.draw.songs "
        "items.draw.campaign items.draw.stems allow_seen",
    )
    listed = form.listed()
    listed.hint = _("One a line: the excerpt's key or song, then what is moved: vocals=3 drums=-2")
    extra = form.field("items.extra", kind="lines", rows=2)
    return [
        Group(_("Drawn from the library"), draw, _("Leave “how many” empty to draw none.")),
        Group(_("Chosen by hand"), [listed, extra]),
    ]


def _gates(form: DesignForm) -> list[Group]:
    return [
        Group(
            _("Before the trials"),
            _fields(form, "gates.questionnaire gates.volume gates.calibration"),
        ),
        Group(_("Headphones"), _fields(form, "gates.headphones.check gates.headphones.policy")),
        Group(_("Training"), _fields(form, "gates.training.trials gates.training.policy")),
        Group(
            _("Attention"),
            _fields(
                form,
                "gates.attention.trials gates.attention.required gates.attention.policy "
                "gates.attention.end_early",
            ),
        ),
        Group(_("Listening"), _fields(form, "gates.listening.seconds gates.listening.policy")),
    ]


def _plan(form: DesignForm) -> list[Group]:
    blocks = [row for row in form.value("blocks") or [] if isinstance(row, dict)]
    keys = _unique(str(row.get("key", "")) for row in blocks)
    questions = _unique(
        str(one.get("key", ""))
        for row in blocks
        for one in row.get("questions") or []
        if isinstance(one, dict)
    )
    systems = _unique(str(one) for row in blocks for one in row.get("systems") or [])
    return [
        Group(_("What is expected"), _fields(form, "plan.hypothesis")),
        Group(
            _("Primary outcome"),
            [
                form.select("plan.primary.block", keys, label=_("Block")),
                form.select("plan.primary.question", questions, label=_("Question")),
                form.select("plan.primary.contrast[0]", systems, label=_("Contrast: system")),
                form.select("plan.primary.contrast[1]", systems, label=_("against")),
                *_fields(form, "plan.primary.model plan.primary.cluster"),
            ],
            _("The one outcome that is confirmatory; all else is called exploratory."),
        ),
        Group(
            _("Size and error"),
            _fields(
                form,
                "plan.sample_size plan.stopping_rule plan.alpha plan.smallest_effect plan.family",
            ),
        ),
    ]


def _unique(values: Any) -> list[tuple[str, str]]:
    return [(one, one) for one in dict.fromkeys(values) if one]


def _blocks(form: DesignForm) -> list[BlockView]:
    paths = form.rows("blocks")
    return [
        _block(form, path, number, number == len(paths)) for number, path in enumerate(paths, 1)
    ]


def _block(form: DesignForm, path: str, number: int, is_last: bool) -> BlockView:
    type_ = str(form.value(f"{path}.type") or "")
    is_pairwise = type_ == "pairwise advice"
    ranks_advice = type_ == "ranking" and form.value(f"{path}.ranked") == "advice"
    details = ["ranked"] if type_ == "ranking" else []
    if type_ in ADVICE_BLOCKS or ranks_advice:
        details += ["hear_after", "advice.min_words", "advice.max_words", "advice.reasons"]
        details += ["advice.self_check", "advice.language"]
    else:
        details += ["hidden_reference", "include_reference", "include_problem", "dry_stems"]
        details += ["anchors", "anchor_error_db"]
    questions = form.rows(f"{path}.questions")
    head = [form.field(f"{path}.{name}") for name in ("key", "type")]
    systems = form.field(f"{path}.systems", kind="systems")
    chosen = _unique(str(one) for one in form.value(f"{path}.systems") or [])
    return BlockView(
        path=path,
        number=number,
        name=str(form.value(f"{path}.key") or ""),
        is_last=is_last,
        head=head,
        systems=systems,
        details=[form.field(f"{path}.{name}") for name in details],
        words=[form.field(f"{path}.{name}", rows=2) for name in ("title", "instructions")],
        questions=[
            _question(form, one, place, place == len(questions))
            for place, one in enumerate(questions, 1)
        ],
        question_group=form.group(f"{path}.questions"),
        pair_group=form.group(f"{path}.contrasts"),
        pairs=_pairs(form, path, chosen) if is_pairwise else None,
    )


def _pairs(form: DesignForm, path: str, systems: list[tuple[str, str]]) -> list[PairView]:
    return [
        PairView(
            row,
            form.select(f"{row}[0]", systems, label=_("One")),
            form.select(f"{row}[1]", systems, label=_("against")),
        )
        for row in form.rows(f"{path}.contrasts")
    ]


def _question(form: DesignForm, path: str, number: int, is_last: bool) -> QuestionView:
    kind = str(form.value(f"{path}.kind") or "")
    return QuestionView(
        path=path,
        number=number,
        key=form.field(f"{path}.key"),
        kind=form.field(f"{path}.kind"),
        words=[form.field(f"{path}.{name}") for name in ("text", "help")],
        details=[form.field(f"{path}.{name}") for name in QUESTION_FIELDS.get(kind, ())],
        required=form.field(f"{path}.required"),
        is_last=is_last,
    )
