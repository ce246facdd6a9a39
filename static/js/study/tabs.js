/** Criteria one at a time: tabs in the usual pattern (arrows move, the open one alone takes Tab), with what is done. */

export class Tabs {
  constructor(root, texts) {
    this.texts = texts;
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => this.select(i));
      tab.addEventListener("keydown", (event) => this.key(event, i));
    });
    for (const button of document.querySelectorAll("[data-next-tab]")) {
      button.addEventListener("click", () => this.next(button.closest("[role=tabpanel]")));
    }
    this.select(0);
  }

  panel(tab) {
    return document.getElementById(tab.getAttribute("aria-controls"));
  }

  select(at) {
    this.tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", i === at);
      tab.tabIndex = i === at ? 0 : -1;
      this.panel(tab).hidden = i !== at;
    });
  }

  key(event, at) {
    const last = this.tabs.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const target = (to + this.tabs.length) % this.tabs.length;
    this.select(target);
    this.tabs[target].focus();
  }

  /** To the criterion after this one. */
  next(panel) {
    const at = this.tabs.findIndex((tab) => this.panel(tab) === panel) + 1;
    this.select(at);
    this.tabs[at].focus();
  }

  open(key) {
    const at = this.tabs.findIndex((tab) => tab.dataset.key === key);
    if (at >= 0) this.select(at);
  }

  show(isAnswered) {
    for (const tab of this.tabs) {
      const isDone = isAnswered(tab.dataset.key);
      tab.classList.toggle("answered", isDone);
      tab.querySelector(".tab-state").textContent = isDone ? this.texts.tab_done : this.texts.tab_open;
    }
  }
}
