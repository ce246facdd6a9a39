/** The answer beside the desk: confidence, comment, submitting, "cannot judge", and what became of the saves. */

const find = (selector) => document.querySelector(selector);

export class Answer {
  /** @param mixer its desk, queue, given values and texts */
  constructor(mixer) {
    this.mixer = mixer;
    this.form = find("#answer");
    this.saveState = find("#save-state");
    this.notice = find("#notice");
    this.hasListened = mixer.hasListened;
    this.isWaiting = false;
    const { desk } = mixer;
    this.form.comment.value = desk.comment;
    if (desk.confidence !== null) this.form.confidence.value = String(desk.confidence);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.form.addEventListener("change", () => this.read());
    this.form.comment.addEventListener("input", () => this.read());
    find("#decline").addEventListener("submit", (event) => {
      event.preventDefault();
      this.decline();
    });
    this.showSubmitted(mixer.given.submitted);
  }

  read() {
    const { desk, queue } = this.mixer;
    const chosen = this.form.confidence.value;
    desk.confidence = chosen ? Number(chosen) : null;
    desk.comment = this.form.comment.value;
    this.touched();
    queue.changed(desk.saved());
  }

  /** Something changed since it was submitted: it counts once submitted again. */
  touched() {
    if (this.submitted) find("#changed").hidden = false;
  }

  submit() {
    const { desk, texts } = this.mixer;
    if (this.isWaiting) return;
    if (!this.hasListened) return this.tell(texts.listen_first);
    if (desk.stems.every((role) => desk.faders_db[role] === null)) return this.tell(texts.all_off);
    this.send("");
  }

  decline() {
    const form = find("#decline");
    const reason = form.reason.value;
    const more = form.more.value.trim();
    if (this.isWaiting) return;
    if (!reason) return this.tell(this.mixer.texts.say_why);
    this.send([reason, more].filter(Boolean).join(": "));
  }

  send(cannotJudge) {
    const { desk, queue } = this.mixer;
    this.tell("");
    this.wait(true);
    queue.submit(desk.answer(cannotJudge), desk.saved());
  }

  wait(isWaiting) {
    this.isWaiting = isWaiting;
    for (const button of document.querySelectorAll("#submit, #submit-decline")) {
      button.setAttribute("aria-disabled", isWaiting);
    }
  }

  tell(message) {
    this.notice.hidden = !message;
    this.notice.textContent = message;
  }

  /** The server has taken a batch. */
  taken(answer, batch) {
    const { texts } = this.mixer;
    if (!answer.is_latest) this.tell(texts.newer_tab);
    if (!batch.submit) return;
    this.wait(false);
    this.showSubmitted(answer.submitted);
    find("#next-button").focus();
  }

  showSubmitted(submitted) {
    this.submitted = submitted;
    find("#after").hidden = !submitted;
    find("#changed").hidden = true;
    if (submitted) find("#submit .submit-label").textContent = this.mixer.texts.submit_again;
  }

  showState(state, message, status) {
    const { texts } = this.mixer;
    this.saveState.dataset.state = state;
    const text = texts[`state_${state}`];
    if (this.saveState.textContent !== text) this.saveState.textContent = text;
    if (state === "reload") this.tell(texts.reload);
    if (state === "refused") {
      this.tell(message || texts.refused);
      this.wait(false);
      if (status === 404 || status === 409) find("#submit").disabled = true;
    }
  }
}
