// The left of the page: who waits, who was seen in this shift.

import { chime } from "./chime.js";
import { $, announce, both, el, keyed, languageName, say, write } from "./dom.js";
import { hourMinute, now, span } from "./times.js";

/** Shows the queue; `accept(case)` is called by its buttons. */
export class Queue {
  constructor({ accept }) {
    this.accept = accept;
    this.state = null;
    this.known = null;
    setInterval(() => this.tick(), 5000);
  }

  /** Show a state of the desk. */
  show(state, lineUp) {
    this.state = state;
    this.lineUp = lineUp;
    const free = state.queue.filter((waiting) => waiting.state === "waiting");
    const taken = state.queue.filter((waiting) => waiting.state !== "waiting");
    keyed($("queue"), [...free, ...taken], (waiting) => waiting.case, (waiting) => this.make(waiting), (node, waiting) => this.update(node, waiting));
    write($("queue-count"), free.length ? String(free.length) : "");
    document.title = (free.length ? `(${free.length}) ` : "") + say("title");
    write($("queue-hint"), this.hint(state, free));
    $("queue-hint").hidden = $("queue-hint").textContent === "";
    this.tellNew(free);
    this.showPast(state.past);
    this.tick();
  }

  hint(state, free) {
    if (!state.on_shift) return say("queue.off_shift");
    if (!state.available && state.held === null) return say("queue.unavailable");
    return state.queue.length === 0 && free.length === 0 ? say("queue.empty") : "";
  }

  tellNew(free) {
    const fresh = free.filter((waiting) => waiting.mine && this.known !== null && !this.known.has(waiting.case));
    if (fresh.length > 0) announce(say("queue.new", { name: fresh[0].initials }));
    if (fresh.length > 0 && this.state.available && this.state.held === null) chime();
    this.known = new Set(free.map((waiting) => waiting.case));
  }

  make(waiting) {
    const button = el("button", { type: "button", class: "primary accept" }, say("queue.accept"));
    button.addEventListener("click", () => this.accept(waiting.case));
    const part = (name) => el("p", { class: name });
    const name = el("button", { type: "button", class: "name", "aria-expanded": "false", title: say("queue.more") });
    const top = el("div", { class: "top" }, name, el("span", { class: "age second" }), el("span", { class: "wait second" }));
    const line = el("p", { class: "line-2" }, el("span", { class: "tag" }), " ", el("span", { class: "abnormal" }), " ", el("span", { class: "complaint" }));
    const node = el("li", { class: "card waiting" }, top, line, part("kind second"), part("site second"), part("connection second"), part("why second"), button);
    name.addEventListener("click", () => {
      const open = node.classList.toggle("open");
      name.ariaExpanded = String(open);
    });
    node.dataset.testid = "waiting";
    return node;
  }

  update(node, waiting) {
    const put = (name, text) => {
      const part = node.querySelector(`.${name}`);
      write(part, text);
      part.hidden = text === "";
    };
    node.dataset.state = waiting.state;
    put("name", waiting.initials);
    put("age", waiting.age === null ? say("queue.no_age") : waiting.age === 0 ? say("queue.age_child") : say("queue.age_band", { from: waiting.age, to: waiting.age + 9 }));
    put("tag", say(`urgency.${waiting.urgency}`));
    node.querySelector(".tag").dataset.urgency = waiting.urgency;
    put("abnormal", waiting.abnormal ? say("queue.abnormal") : "");
    put("complaint", waiting.abnormal && waiting.sign === "measurement" ? "" : say(`sign.${waiting.sign}`));
    put("kind", `${this.specialty(waiting.specialty)} · ${languageName(waiting.language)}`);
    put("site", waiting.site);
    put("connection", waiting.connection && say(`connection.${waiting.connection}`));
    node.querySelector(".connection").dataset.verdict = waiting.connection;
    put("why", this.why(waiting));
    node.dataset.since = waiting.waiting_since;
    const button = node.querySelector(".accept");
    button.hidden = waiting.state !== "waiting" || !waiting.mine || this.state.held !== null;
    button.disabled = !this.lineUp || !this.state.on_shift || !this.state.available;
    button.ariaLabel = say("queue.accept_whom", { name: waiting.initials });
  }

  specialty(id) {
    const title = this.state.specialties[id];
    return title === undefined ? id : both(title);
  }

  why(waiting) {
    if (this.state.held?.intake.case === waiting.case) return say("queue.with_you");
    if (waiting.state !== "waiting") return say("queue.taken", { doctor: waiting.doctor });
    return waiting.mine ? "" : say("queue.not_mine");
  }

  tick() {
    for (const node of $("queue").children) {
      const words = node.dataset.state === "waiting" ? say("queue.waiting", { time: span(now() - Date.parse(node.dataset.since)) }) : "";
      write(node.querySelector(".wait"), words);
    }
  }

  // ── closed in this shift ─────────────────────────────────────────────────────────────────────────────────────

  showPast(past) {
    $("past-empty").hidden = past.length > 0;
    write($("past-count"), past.length ? String(past.length) : "");
    keyed($("past"), past, (item) => item.case, (item) => this.makePast(item), (node, item) => {
      const outcome = node.querySelector(".outcome");
      write(outcome, say(`past.${item.handed_over}`));
      outcome.dataset.outcome = item.handed_over;
    });
  }

  makePast(item) {
    const summary = el("summary", {}, el("b", {}, item.name), " ", el("span", { class: "second" }, hourMinute(item.closed_at)));
    const inside = item.summary === null ? el("p", { class: "second" }, say("past.no_summary")) : el("dl", { class: "summary" }, ...summaryLines(item.summary));
    const node = el("li", { class: "card past" }, el("details", {}, summary, inside), el("p", { class: "outcome" }));
    node.dataset.testid = "past-case";
    return node;
  }
}

/** Return what a resident gets, as dt and dd. */
export function summaryLines({ conclusion, advice, prescription, follow_up: followUp }) {
  const lines = [];
  const add = (key, ...values) => values.some(Boolean) && lines.push(el("dt", {}, say(key)), ...values.map((value) => el("dd", {}, value)));
  add("record.conclusion", conclusion);
  add("record.advice", advice);
  const medicine = ({ name, strength, amount, directions }) => `${[name, strength].filter(Boolean).join(" ")} · ${amount} · ${directions}`;
  add("record.prescription", ...(prescription.length ? prescription.map(medicine) : [say("close.no_medicine")]));
  add("record.follow_up", followUp);
  return lines;
}
