/** What must be heard before an answer counts: shown on the sounds' buttons, as far as the study has a rule for it. */

const MARGIN_S = 0.1; // the server sums rounded batches: what is enough here must be enough there

export class Gate {
  /** @param listening {seconds, policy: "record" | "warn" | "exclude", what: [name]}; listened_s {name: seconds} so far */
  constructor({ seconds, policy, what }, listened_s, texts) {
    Object.assign(this, { seconds, policy, texts });
    this.what = what.filter((name) => document.querySelector(`[data-sound="${CSS.escape(name)}"]`));
    this.listened_s = { ...listened_s };
    this.isShown = policy !== "record" && seconds > 0 && this.what.length > 0;
    document.querySelector("#gate").hidden = !this.isShown;
    this.show();
  }

  listened(seconds, name) {
    this.listened_s[name] = (this.listened_s[name] ?? 0) + seconds;
    this.show();
  }

  share(name) {
    return Math.min(1, (this.listened_s[name] ?? 0) / (this.seconds + MARGIN_S));
  }

  /** Names of what was not heard long enough. */
  missing() {
    return this.isShown ? this.what.filter((name) => this.share(name) < 1) : [];
  }

  get isStrict() {
    return this.policy === "exclude";
  }

  show() {
    if (!this.isShown) return;
    for (const name of this.what) {
      const button = document.querySelector(`[data-sound="${CSS.escape(name)}"]`);
      const share = this.share(name);
      button.classList.add("required");
      button.classList.toggle("heard-enough", share >= 1);
      button.style.setProperty("--heard", share.toFixed(3));
      const told = share >= 1 ? this.texts.heard_enough : this.texts.not_heard;
      const told_in = button.querySelector(".sound-heard");
      if (told_in.textContent !== told) told_in.textContent = told;
    }
    document.querySelector("#gate").classList.toggle("done", this.missing().length === 0);
  }
}
