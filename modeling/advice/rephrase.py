"""Another wording of advice by a language model, taken only where it says the very same."""

import re
from dataclasses import dataclass, replace

from modeling.advice.parser import ParseError, parse
from modeling.advice.structure import Advice
from modeling.advice.writer import LONGEST_WORDS, SHORTEST_WORDS
from modeling.endpoint.client import Endpoint
from modeling.endpoint.request import Request

SYSTEM_TEXT = (
    "Reword the advice of a mixing engineer that you are given. Keep every number, unit, stem and "
    "direction, and the order of the changes; add nothing. State each change in one plain clause "
    'such as "raise the vocals by 3 dB". Write '
    f"{SHORTEST_WORDS} to {LONGEST_WORDS} words of plain text, and nothing else."
)


@dataclass(frozen=True)
class Rephrased:
    """The advice, reworded where `accepted`; else as it was, and why in one line."""

    advice: Advice
    accepted: bool
    reason: str = ""


def rephrase(advice: Advice, endpoint: Endpoint, seed: int) -> Rephrased:
    """Ask for another wording; `original_prose` then keeps the first one.

    Raises:
        EndpointError: the endpoint does not answer, or the budget is spent.
    """
    request = Request(SYSTEM_TEXT, (("user", advice.prose),), seed=seed, temperature=None)
    reply = endpoint.ask(request)
    if reply.refusal:
        return Rephrased(advice, False, "the model refused to reword it")
    prose = " ".join(reply.text.split())
    problem = difference(advice, prose)
    if problem:
        return Rephrased(advice, False, problem)
    return Rephrased(replace(advice, prose=prose, original_prose=advice.prose), True)


def difference(advice: Advice, prose: str) -> str:
    """In what a rewording differs from the advice; empty where it says the same."""
    n_words = len(prose.split())
    if not SHORTEST_WORDS <= n_words <= LONGEST_WORDS:
        return f"it has {n_words} words; {SHORTEST_WORDS} to {LONGEST_WORDS} are allowed"
    try:
        said = parse(prose)
    except ParseError as error:
        return f"it cannot be read back: {error}"
    if said != advice.answer:
        return "it says other stems, directions or figures"
    if _figures(prose) != _figures(advice.prose):
        return "it adds, drops or changes a figure"
    return ""


def _figures(prose: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:[.,]\d+)?", prose))
