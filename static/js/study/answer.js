/** Submitting a trial's answers: what is missing, what became of the saves, and the way on once the server has them. */

import { plain } from "../numbers.js";

const find = (selector) => document.querySelector(selector);

export class Answer {
  /** @param page {trial, texts, questions, gate, queue, draft()} */
  constructor(page) {
    this.page = page;
    this.form = find("#answer");
    this.isWaiting = false;
    this.isOver = false;
    this.isLocked = false;
    this.hasWarned = false;
    this.isAboutListening = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    find("#decline").addEventListener("submit", (event) => {
      event.preventDefault();
      this.decline();
    });
  }

  get phase() {
    const { phase, asked_after } = this.page.trial;
    return phase === "done" ? (asked_after ? "after" : "before") : phase;
  }

  submit() {
    const { questions, texts } = this.page;
    if (this.isWaiting || this.isOver) return;
    const missing = questions.firstMissing();
    if (missing) {
      this.tell(texts.answer_first);
      this.page.open(missing);
      missing.widget.missing().focus();
      return;
    }
    if (this.stops(this.page.gate)) return;
    this.send({ values: questions.values() });
  }

  /** Whether too little was heard: strictly refused, or said once and then left to the person. */
  stops(gate) {
    const { texts } = this.page;
    const missing = gate.missing();
    if (!missing.length || (this.hasWarned && !gate.isStrict)) return false;
    const names = missing.map((name) => find(`[data-sound="${CSS.escape(name)}"]`).dataset.name).join(", ");
    const form = gate.isStrict ? texts.listen_first : texts.listen_warning;
    this.tell(form.replace("%1", names).replace("%2", plain(gate.seconds)));
    this.hasWarned = true;
    this.isAboutListening = true;
    find("#play").focus();
    return true;
  }

  /** Enough was heard now: what was said about it is over. */
  heardEnough() {
    if (this.isAboutListening) this.tell("");
  }

  decline() {
    const form = find("#decline");
    const reason = form.reason.value;
    if (this.isWaiting || this.isOver) return;
    if (!reason) return this.tell(this.page.texts.say_why);
    const no_answer_reason = [reason, form.more.value.trim()].filter(Boolean).join(": ");
    this.send({ values: {}, no_answer_reason });
  }

  send(submission) {
    const { queue } = this.page;
    this.tell("");
    this.wait(true);
    queue.submit({ phase: this.phase, ...submission }, this.page.draft());
  }

  wait(isWaiting) {
    this.isWaiting = isWaiting;
    for (const button of document.querySelectorAll("#submit, #submit-decline")) {
      button.setAttribute("aria-disabled", isWaiting);
    }
    find("#submit .submit-label").textContent = isWaiting ? this.page.texts.sending : this.submitLabel();
  }

  submitLabel() {
    return this.submitted ? this.page.texts.submit_again : this.page.texts.submit;
  }

  tell(message) {
    this.isAboutListening = false;
    const notice = find("#notice");
    notice.hidden = !message;
    notice.textContent = message;
  }

  /** Something changed since it was submitted: it counts once submitted again. */
  touched() {
    this.tell("");
    if (this.submitted && !this.isOver) find("#changed").hidden = false;
  }

  /** The server has taken a batch. */
  taken(answer, batch) {
    if (!answer.is_latest) this.tell(this.page.texts.newer_tab);
    if (!batch.submit) return;
    this.submitted = answer.submitted;
    this.wait(false);
    this.showSubmitted(answer.submitted);
    find("#next").focus();
  }

  /** @param submitted {next, feedback}, as the server confirmed it */
  showSubmitted(submitted) {
    const { trial, questions, queue, texts } = this.page;
    this.submitted = submitted;
    const isLocked = trial.asked_after && this.phase === "before";
    this.isOver = isLocked || Boolean(submitted.feedback) || !trial.may_amend;
    this.isLocked = isLocked;
    // What was locked is no draft of what is asked next.
    if (isLocked) queue.changed({});
    find("#changed").hidden = true;
    find("#after").hidden = false;
    find("#next").href = submitted.next ?? trial.next_url;
    find("#next").textContent = isLocked ? texts.hear_after : texts.next;
    find("#feedback").hidden = !submitted.feedback;
    find("#feedback").textContent = submitted.feedback?.text ?? "";
    find("#submit").hidden = this.isOver;
    find("#submit").classList.remove("primary");
    find("#submit .submit-label").textContent = this.submitLabel();
    find(".decline").hidden = this.isOver;
    if (this.isOver) questions.lock();
  }

  showState(state, message, status) {
    const { texts } = this.page;
    const saveState = find("#save-state");
    saveState.dataset.state = state;
    const text = texts[`state_${state}`];
    if (saveState.textContent !== text) saveState.textContent = text;
    if (state === "reload") this.tell(texts.reload);
    if (state === "refused") {
      this.tell(message || texts.refused);
      this.wait(false);
      if (status === 404 || status === 409) find("#submit").disabled = true;
    }
  }
}
