"""What a schema cannot say: whether the design can be run and can answer its question."""

from collections.abc import Iterable

from analysis.preference_graph import parts_of
from studies.protocol.spec import MOST_STIMULI, Block, Spec


def check(spec: Spec) -> str:
    """The first fault of the design as one line; "" where there is none."""
    return next(iter(_faults(spec)), "")


def faults(spec: Spec) -> list[str]:
    """Every fault of the design, a line each; each line begins with the path of its field."""
    return list(_faults(spec))


def _faults(spec: Spec) -> Iterable[str]:
    yield from _keys_once("blocks", [block.key for block in spec.blocks])
    for number, block in enumerate(spec.blocks):
        where = f"blocks[{number}] ({block.key})"
        yield from _keys_once(f"{where}.questions", [one.key for one in block.questions])
        yield from _block_faults(where, block)
    yield from _plan_faults(spec)
    yield from _language_faults(spec)


def _keys_once(where: str, keys: list[str]) -> Iterable[str]:
    for key in keys:
        if keys.count(key) > 1:
            yield f"{where}: the key {key!r} is given {keys.count(key)} times; keys must differ"


def _block_faults(where: str, block: Block) -> Iterable[str]:
    yield from _keys_once(f"{where}.systems", list(block.systems))
    kinds = {question.kind for question in block.questions}
    needed = {
        "pairwise advice": "choice",
        "rated advice": "scale",
        "multi-stimulus": "scale",
        "mushra": "scale",
        "ranking": "ranking",
    }[block.type]
    if needed not in kinds:
        yield f"{where}.questions: a block of type {block.type!r} needs a question of kind {needed}"
    stray = kinds - {needed, "text"} - ({"scale"} if block.type == "pairwise advice" else set())
    if stray:
        yield (
            f"{where}.questions: kind {min(stray)!r} does not fit a block of type {block.type!r}"
        )
    least = 1 if block.type == "rated advice" else 2
    n_stimuli = len(block.systems) + (
        0
        if block.is_about_advice
        else block.include_problem
        + (block.include_reference or block.hidden_reference)
        + len(block.anchors)
    )
    if n_stimuli < least:
        yield f"{where}.systems: {n_stimuli} to compare; at least {least} are needed"
    if n_stimuli > MOST_STIMULI:
        yield (
            f"{where}.systems: {n_stimuli} stimuli on one screen; "
            f"at most {MOST_STIMULI} can be judged"
        )
    if block.type == "mushra" and not block.hidden_reference:
        yield f"{where}.hidden_reference: a block of type 'mushra' needs one"
    if block.advice.min_words > block.advice.max_words:
        yield f"{where}.advice: min_words is above max_words"
    yield from _pair_faults(where, block)


def _pair_faults(where: str, block: Block) -> Iterable[str]:
    if block.contrasts and block.type != "pairwise advice":
        yield f"{where}.contrasts: only blocks of type 'pairwise advice' have them"
    for one, other in block.contrasts:
        for name in (one, other):
            if name not in block.systems:
                yield f"{where}.contrasts: {name!r} is not among the block's systems"
        if one == other:
            yield f"{where}.contrasts: {one!r} is compared with itself"
    if block.type == "pairwise advice" and len(block.systems) > 1:
        parts = parts_of(block.systems, block.pairs())
        if len(parts) > 1:
            apart = " | ".join(", ".join(part) for part in parts)
            yield f"{where}.contrasts: the comparisons fall into parts that never meet: {apart}"


def _plan_faults(spec: Spec) -> Iterable[str]:
    primary = spec.plan.primary
    if primary is None:
        return
    blocks = {block.key: block for block in spec.blocks}
    if primary.block not in blocks:
        yield f"plan.primary.block: no block {primary.block!r}"
        return
    block = blocks[primary.block]
    if primary.question not in {question.key for question in block.questions}:
        yield f"plan.primary.question: block {block.key!r} has no question {primary.question!r}"
    for name in primary.contrast or ():
        if name not in block.systems:
            yield f"plan.primary.contrast: {name!r} is not among the systems of {block.key!r}"


def _language_faults(spec: Spec) -> Iterable[str]:
    """Every text that is given by language is given in all of the study's, empty in none."""
    for where, value in _texts("", spec.as_data()):
        missing = [language for language in spec.languages if not value.get(language)]
        if missing and any(value.values()):
            yield f"{where}: no text for language {missing[0]!r}, which the study is offered in"


def _texts(where: str, value: object) -> Iterable[tuple[str, dict[str, str]]]:
    if isinstance(value, dict):
        if value and set(value) <= {"en", "de"}:
            yield where, value
            return
        for key, below in value.items():
            yield from _texts(f"{where}.{key}".lstrip("."), below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _texts(f"{where}[{number}]", below)
