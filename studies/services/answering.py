"""Saving a trial's page and taking its answers: each batch once, each answer once, nothing
overwritten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from annotate.services.payload import PayloadError
from annotate.services.saving import Refused
from annotate.services.together import write_together
from studies.models import Rater, StudyVersion, Trial
from studies.protocol.answers import letters_of
from studies.protocol.spec import Block, Spec
from studies.services import finishing, lists
from studies.services.protocols import protocol_of
from studies.services.trial_payload import Batch, Submission, read_batch
from studies.services.trial_reading import Due, due, read_page, read_showing
from studies.services.trial_rows import (
    Stored,
    TrialRow,
    insert_answer,
    insert_events,
    lock_rater,
    read_trial,
    stored_answers,
)
from studies.trial_page import answer_phase, is_asked_after, listened_to

PHASES = {Trial.State.OPEN.value: "before", Trial.State.LOCKED.value: "after"}
SEEN_EVERY = timedelta(minutes=1)
# Behind every number that a page gives to a batch.
AFTER_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SaveResult:
    """`phase` is where the trial stands now: "before", "after" or "done"; `due` is where its rater
    goes on after an answer."""

    saved_seq: int
    is_latest: bool
    answer: Stored | None
    phase: str
    due: Due | None


def showing(*, key: str, token: str) -> Trial | None:
    """The trial with this key, ready for `save`, when it belongs to whom this link admits."""
    trial = read_showing(key)
    return trial if trial is not None and trial.rater.may_enter(token) else None


def page(*, key: str, token: str) -> Trial | None:
    """The same with what its page shows."""
    trial = read_page(key)
    return trial if trial is not None and trial.rater.may_enter(token) else None


def save(*, trial: Trial, payload: object, now: datetime) -> SaveResult:
    """Store one batch of the page, and the answer when it carries one. The same batch again is
    answered the same and stored once. Raises Refused with nothing stored."""
    spec = protocol_of(trial.rater.version)
    block = spec.block(trial.item.block)
    try:
        batch = read_batch(payload, block, letters_of(len(trial.sides)))
    except PayloadError as error:
        raise Refused(400, str(error), is_technical=True) from None
    work = _Save(trial, spec, block, batch, now)
    return write_together(work.take)


@dataclass(frozen=True, slots=True)
class _Save:
    """One save, to be done in a transaction. Texts are put into words by who asked: the thread that
    writes may serve somebody with another language."""

    trial: Trial
    spec: Spec
    block: Block
    batch: Batch
    now: datetime

    def take(self) -> SaveResult:
        lock_rater(self.trial)
        is_new = insert_events(self.trial, self.batch, self.now)
        if not is_new:
            self._refuse_other_events()
        row = read_trial(self.trial)
        stored = [] if self.batch.submission is None else stored_answers(self.trial)
        again = self._answered_before(stored)
        if again is None or is_new:
            self._refuse_when_over(row, is_replay=again is not None)
        is_latest = self._note(row, is_new)
        answer = again
        if again is None and self.batch.submission is not None:
            answer = self._submit(row, self.batch.submission, stored)
        row.store(self.now)
        self._stay()
        next_ = None if answer is None else due(self.trial.rater)
        if again is None and answer is not None and row.state != Trial.State.LOCKED:
            finishing.after_answer(self.trial, self.spec, self.now, is_last=next_ is None)
        phase = PHASES.get(row.state, "done")
        return SaveResult(self.batch.seq, is_latest, answer, phase, next_)

    def _refuse_other_events(self) -> None:
        stored = self.trial.event_batches.get(client=self.batch.client, seq=self.batch.seq)
        if stored.events != self.batch.events:
            raise Refused(
                409, _("This save was already taken with other content; reload the page.")
            )

    def _answered_before(self, stored: list[Stored]) -> Stored | None:
        """The answer that this key made, when it comes again; other content under it is refused."""
        submission = self.batch.submission
        if submission is None:
            return None
        found = next((one for one in stored if one.key == submission.key), None)
        if found is not None and found.content_hash != submission.content_hash:
            raise Refused(
                409, _("This answer was already taken with other content; reload the page.")
            )
        return found

    def _refuse_when_over(self, row: TrialRow, *, is_replay: bool) -> None:
        if row.rater_state == Rater.State.WITHDRAWN:
            raise Refused(409, _("You have withdrawn: nothing more is stored."))
        if is_replay:
            return
        if row.version_state == StudyVersion.State.CLOSED:
            raise Refused(409, _("This study is closed: nothing more can be changed."))
        if self.batch.submission is not None and row.rater_state != Rater.State.ACTIVE:
            raise Refused(409, _("You have finished: nothing more can be changed."))

    def _note(self, row: TrialRow, is_new: bool) -> bool:
        """What was heard, and the draft; False when a newer page load has said where it stands."""
        batch = self.batch
        if is_new:
            for name, seconds in batch.listened_s.items():
                row.listened_s[name] = round(row.listened_s.get(name, 0.0) + seconds, 2)
        if batch.page > row.draft_page or (
            batch.page == row.draft_page and batch.seq > row.draft_seq
        ):
            row.draft, row.draft_page, row.draft_seq = batch.draft, batch.page, batch.seq
        return batch.page == row.draft_page

    def _submit(self, row: TrialRow, submission: Submission, stored: list[Stored]) -> Stored:
        """A new answer, as the next revision of its phase; the trial goes on to its next state."""
        self._refuse_other_phase(row, submission)
        revisions = [one.revision for one in stored if one.phase == submission.phase]
        if revisions:
            self._refuse_going_back()
        self._refuse_unheard(row, submission)
        revision = max(revisions, default=0) + 1
        made = insert_answer(self.trial, submission, revision, submission.values, self.now)
        self._advance(row, submission)
        return made

    def _refuse_other_phase(self, row: TrialRow, submission: Submission) -> None:
        self.trial.state = row.state
        phase = answer_phase(self.block, self.trial)
        if submission.phase == phase:
            return
        if phase == "after":
            raise Refused(409, _("These answers are locked; reload the page."))
        raise Refused(409, _("The mixes that follow are asked about later; reload the page."))

    def _refuse_going_back(self) -> None:
        """Amending: where the protocol lets people go back, within the block they are in."""
        if self.spec.order.back == "never" or self.trial.kind == Trial.Kind.TRAINING:
            raise Refused(409, _("This was answered already; reload the page to go on."))
        next_ = due(self.trial.rater)
        if next_ is None or next_.block != self.trial.item.block:
            raise Refused(409, _("This part is finished: its answers can no longer be changed."))

    def _refuse_unheard(self, row: TrialRow, submission: Submission) -> None:
        gate = self.spec.gates.listening
        if gate.policy != "exclude" or submission.no_answer_reason:
            return
        for name in listened_to(self.block, self.trial, submission.phase):
            if row.listened_s.get(name, 0.0) < gate.seconds:
                raise Refused(400, _("Please listen a little longer before you answer."))

    def _advance(self, row: TrialRow, submission: Submission) -> None:
        if submission.no_answer_reason:
            row.failure = submission.no_answer_reason
        if submission.phase == "before" and submission.no_answer_reason:
            row.state = Trial.State.FAILED
        elif submission.phase == "before" and is_asked_after(self.block):
            row.state, row.locked_at = Trial.State.LOCKED, self.now
            # What the page that asked before still says is no draft of what is asked after.
            row.draft, row.draft_seq = {}, AFTER_ALL
            return
        else:
            row.state = Trial.State.ANSWERED
        row.finished_at = self.now

    def _stay(self) -> None:
        """Whoever works keeps the place; written only when half of the lease is gone."""
        rater, now = self.trial.rater, self.now
        if rater.last_seen_at is None or rater.last_seen_at < now - SEEN_EVERY:
            Rater.objects.filter(pk=rater.pk).update(last_seen_at=now)
        if rater.run != Rater.Run.MAIN or rater.state != Rater.State.ACTIVE:
            return
        held: Any = getattr(rater, "held_list", None)
        lease = timedelta(minutes=self.spec.order.lease_minutes)
        if held is None or (
            not held.is_filled
            and (held.leased_until is None or held.leased_until < now + lease / 2)
        ):
            lists.hold(rater, now)
