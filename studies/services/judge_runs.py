"""One run of a judge over a study: many requests at once, every verdict stored as it comes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice

from django.db import transaction

from annotate.background import JobStoppedError
from annotate.fields import StemValues, storable_text
from modeling.endpoint.client import Endpoint
from modeling.endpoint.request import (
    Answer,
    Audio,
    BudgetError,
    Connection,
    EndpointError,
    KeyRefusedError,
    Request,
)
from studies.judging.asking import Asking, Showing, request_of
from studies.judging.hearing import sound, table
from studies.judging.verdicts import Verdict, VerdictError, read_verdict
from studies.models import Item, JudgeCall, Rater, Stimulus, StudyVersion, Trial
from studies.protocol.answers import letters_of
from studies.protocol.spec import Block, Spec
from studies.services.judges import JudgeError, store_failure, store_verdict

# While every request is waited for: how often is it said that the run goes on.
LOOK_EVERY_S = 2.0
STOPPED = "it was stopped"

Report = Callable[[int, int], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    request: Request
    answer: Answer | None
    error: str = ""


@dataclass
class Judged:
    """What came of one trial: a verdict, or why there is none."""

    exchanges: list[Exchange] = field(default_factory=list)
    verdict: Verdict | None = None
    failure: str = ""
    # The run cannot go on: the money is spent, or the key is refused.
    stop: str = ""


@dataclass(frozen=True)
class Outcome:
    """Counts of one run; `left` were not asked because of `stopped`."""

    judged: int
    failed: int
    left: int
    stopped: str
    cost_usd: float
    cached: int

    @property
    def was_asked_to_stop(self) -> bool:
        return self.stopped == STOPPED


@dataclass(frozen=True)
class Price:
    """What a run will cost: at most, and what is likely by the words alone."""

    trials: int
    cached: int
    most_usd: float


class Showings:
    """Requests from trials. Audio and tables are read once for each mix."""

    def __init__(self, version: StudyVersion, spec: Spec, asking: Asking) -> None:
        self._spec, self._asking = spec, asking
        self._stimuli = {
            stimulus.pk: stimulus for stimulus in Stimulus.objects.filter(item__version=version)
        }
        self._sound = lru_cache(maxsize=8)(self._sound_of)

    def block(self, trial: Trial) -> Block:
        return self._spec.block(trial.item.block)

    def request(self, trial: Trial) -> Request:
        """The request for a trial; a repeat is another request.

        Raises:
            JudgeError: nothing is given by which this trial can be judged.
        """
        block, stimuli = self.block(trial), [self._stimuli[pk] for pk in trial.sides]
        letters = letters_of(len(stimuli))
        about_advice = block.is_about_advice
        if not about_advice and self._asking.given == "text":
            raise JudgeError(
                f"block {block.key!r} compares mixes, which a judge of text alone cannot: "
                "give it the table (--given text+table)"
            )
        balances = [trial.item.problem_db] if about_advice else [_balance(one) for one in stimuli]
        names = ["problem"] if about_advice else letters
        showing = Showing(
            block=block,
            letters=letters,
            texts={
                letter: stimulus.text
                for letter, stimulus in zip(letters, stimuli, strict=True)
                if about_advice
            },
            tables={
                name: table(trial.item.excerpt.folder, one, self._spec.audio.target_lufs)
                for name, one in zip(names, balances, strict=True)
                if self._asking.given != "text"
            },
            audio=self._audio(trial.item, balances),
        )
        return request_of(showing, self._asking, repeat=_repeat_number(trial))

    def _audio(self, item: Item, balances: Sequence[StemValues]) -> Audio | None:
        if self._asking.given != "text+table+audio":
            return None
        return self._sound(item.pk, tuple(tuple(one.items()) for one in balances), item)

    def _sound_of(
        self, _: int, balances: tuple[tuple[tuple[str, float | None], ...], ...], item: Item
    ) -> Audio:
        target_lufs = self._spec.audio.target_lufs
        return sound(item.excerpt.folder, [dict(one) for one in balances], target_lufs)


def _balance(stimulus: Stimulus) -> StemValues:
    if stimulus.balance_db is None:
        raise JudgeError(f"{stimulus} has no balance of its own: a judge cannot be given its table")
    balance: StemValues = stimulus.balance_db
    return balance


def _repeat_number(trial: Trial) -> int:
    """0 for the first showing; repeats are told apart by their place."""
    return trial.position if trial.kind == Trial.Kind.REPEAT else 0


def price(endpoint: Endpoint, shows: Showings, trials: Sequence[Trial], report: Report) -> Price:
    """What the trials would cost at most, before anything is sent."""
    connection: Connection = endpoint.connection
    cached, most_usd = 0, 0.0
    for done, trial in enumerate(trials):
        report(done, len(trials))
        request = shows.request(trial)
        if endpoint.store.answer(request.key(connection)) is not None:
            cached += 1
        else:
            most_usd += request.most_usd(connection.prices)
    return Price(len(trials), cached, most_usd)


def run(
    rater: Rater,
    trials: Sequence[Trial],
    shows: Showings,
    endpoint: Endpoint,
    *,
    at_once: int,
    clock: Clock,
    report: Report,
    repair: Callable[[str], str],
) -> Outcome:
    """Judge the trials, at most `at_once` together. What is stored is stored; run it again to go
    on. Rows are written by this thread alone.

    A report that raises JobStoppedError ends it like a spent budget: what is under way is paid for,
    so it is waited for and stored, and the rest stays open.
    """
    before_usd = endpoint.spent_usd()
    judged = failed = cached = done = 0
    stopped = ""
    waiting = iter(trials)
    with ThreadPoolExecutor(at_once) as pool:
        pending: dict[Future[Judged], Trial] = {}

        def begin(count: int) -> None:
            for trial in islice(waiting, count):
                request = shows.request(trial)
                block, letters = shows.block(trial), letters_of(len(trial.sides))
                work = pool.submit(_judge, endpoint, request, block, letters, repair)
                pending[work] = trial

        def told() -> str:
            try:
                report(done, len(trials))
            except JobStoppedError:
                return STOPPED
            return ""

        begin(at_once)
        while pending:
            over, _ = wait(pending, timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for work in over:
                trial, one = pending.pop(work), work.result()
                stopped = stopped or one.stop
                if not one.stop:
                    _store(trial, one, endpoint.connection, clock())
                    judged += one.verdict is not None
                    failed += one.verdict is None
                    cached += all(e.answer is not None and e.answer.cached for e in one.exchanges)
                    done += 1
            stopped = stopped or told()
            if not stopped:
                begin(at_once - len(pending))
    left = len(trials) - judged - failed
    cost_usd = endpoint.spent_usd() - before_usd
    return Outcome(judged, failed, left, stopped, cost_usd, cached)


def _judge(
    endpoint: Endpoint,
    request: Request,
    block: Block,
    letters: Sequence[str],
    repair: Callable[[str], str],
) -> Judged:
    """Ask once, and once more where the answer cannot be used. Runs in a thread without rows."""
    found = Judged()
    for asked in _askings(request, found, repair):
        try:
            answer = endpoint.ask(asked)
        except (BudgetError, KeyRefusedError) as error:
            found.stop = str(error)
            return found
        except EndpointError as error:
            found.exchanges.append(Exchange(asked, None, str(error)))
            found.failure = str(error)
            return found
        found.exchanges.append(Exchange(asked, answer))
        try:
            found.verdict = read_verdict(answer, block, letters)
        except VerdictError as error:
            found.failure = f"the verdict was refused: {error}"
        else:
            found.failure = ""
            return found
    return found


def _askings(request: Request, found: Judged, repair: Callable[[str], str]) -> Iterator[Request]:
    yield request
    first = found.exchanges[0].answer
    # A refusal is an answer of its own: it is not argued with.
    if first is not None and not first.refusal:
        yield request.then(first.text, repair(found.failure))


@transaction.atomic
def _store(trial: Trial, one: Judged, connection: Connection, now: datetime) -> None:
    JudgeCall.objects.bulk_create(
        _call(trial, exchange, one, connection, now) for exchange in one.exchanges
    )
    if one.verdict is None:
        store_failure(trial, storable_text(one.failure), now)
    else:
        store_verdict(trial, one.verdict.values, one.verdict.confidence, now)


def _call(
    trial: Trial, exchange: Exchange, one: Judged, connection: Connection, now: datetime
) -> JudgeCall:
    answer = exchange.answer
    is_last = exchange is one.exchanges[-1]
    call = JudgeCall(
        trial=trial,
        request_key=exchange.request.key(connection),
        request=exchange.request.recorded(connection),
        error=storable_text(exchange.error or (one.failure if is_last else "")),
        rationale=storable_text(one.verdict.rationale) if one.verdict and is_last else "",
        seed=exchange.request.seed,
        at=now,
    )
    if answer is not None:
        call.raw = storable_text(answer.refusal or answer.text)
        call.input_tokens, call.output_tokens = answer.input_tokens, answer.output_tokens
        call.cost_usd, call.cost_is_bound = answer.cost_usd, answer.cost_is_bound
        call.latency_s, call.attempts = answer.latency_s, answer.attempts
        call.was_cached = answer.cached
    return call
