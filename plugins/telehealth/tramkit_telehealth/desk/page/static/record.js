// The right of the page: what the doctor writes. Saved with every pause; nothing typed is ever lost by a message from
// the desk: a newer text of another window is shown, and the doctor's own can be put back.

import { Reasons } from "./concerns.js";
import { $, ask, el, say, troubleWords, write } from "./dom.js";
import { Prescription } from "./prescription.js";
import { summaryLines } from "./queue.js";
import { suggest } from "./suggest.js";

const PAUSE_MS = 1000;
const AT_LEAST_MS = 8000;
const RETRY_MS = 4000;
const TEXTS = ["notes", "diagnosis", "conclusion", "advice", "follow_up"];
const ICD10 = /^([A-Z]\d{2}(\.\d{1,2})?)?$/;

const clean = (text) => text.normalize("NFC").toWellFormed();
const same = (a, b) => canonical(a) === canonical(b);
const canonical = (draft) =>
  JSON.stringify([...TEXTS.map((name) => draft[name]), draft.prescription.map((m) => [m.name, m.strength, m.amount, m.directions])]);

/** The form; `send(command)` sends to the desk, `closed(case)` is called when the case was closed from here. */
export class Record {
  constructor({ send, act }) {
    this.send = send;
    this.act = act;
    this.case = "";
    this.lineUp = false;
    this.prescription = new Prescription(() => this.edited());
    this.reasons = new Reasons();
    suggest($("diagnosis"), "icd10");
    for (const name of TEXTS) $(name).addEventListener("input", () => this.edited(name));
    $("diagnosis").addEventListener("change", () => this.tidyDiagnosis());
    $("record").addEventListener("focusout", () => this.dirty && this.save());
    $("record").addEventListener("submit", (event) => {
      event.preventDefault();
      this.close();
    });
    $("put-back").addEventListener("click", () => this.putBack());
    $("keep-newer").addEventListener("click", () => this.keepNewer());
    $("hand-over").addEventListener("click", () => this.handOver());
    $("colleague").addEventListener("change", () => this.buttons());
    addEventListener("pagehide", () => this.save());
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
    addEventListener("beforeunload", (event) => this.case !== "" && this.dirty && !this.saving && event.preventDefault());
    this.forget();
  }

  /** Show a state of the desk. */
  show({ held, colleagues }, lineUp) {
    this.lineUp = lineUp;
    this.held = held;
    if (held === null) {
      if (this.case !== "") this.forget();
    } else {
      if (held.intake.case !== this.case) this.begin(held);
      else this.reconcile();
      this.showColleagues(colleagues);
    }
    this.prescription.showBlocked(held?.blocked ?? []);
    this.buttons();
    this.status();
    this.caughtUp?.();
    if (lineUp && this.dirty) this.edited();
  }

  get dirty() {
    return this.case !== "" && !same(this.collect(), this.saved);
  }

  // ── the draft and its versions ───────────────────────────────────────────────────────────────────────────────

  forget() {
    clearTimeout(this.timer);
    Object.assign(this, { case: "", held: null, version: 0, saving: null, mine: null, since: 0, failed: false });
    this.fill({ notes: "", diagnosis: "", conclusion: "", advice: "", follow_up: "", prescription: [] });
    $("record").hidden = true;
    $("record-none").hidden = false;
    $("conflict").hidden = true;
    if ($("close-dialog").open) $("close-dialog").close("no");
  }

  begin(held) {
    this.forget();
    this.held = held;
    this.case = held.intake.case;
    this.version = held.version;
    this.fill(held.draft);
    $("record").hidden = false;
    $("record-none").hidden = true;
  }

  /** Take the desk's newest version, once no save of this window is under way. */
  reconcile() {
    const { held } = this;
    if (this.saving !== null || held === null || held.version <= this.version) return; // older: sent before the last save
    const { dirty } = this;
    const mine = this.collect();
    this.version = held.version;
    if (same(mine, held.draft) || same(this.saved, held.draft)) {
      this.saved = held.draft;
      return;
    }
    this.fill(held.draft);
    if (dirty) {
      this.mine = mine;
      $("conflict").hidden = false;
    }
  }

  putBack() {
    const saved = this.saved;
    this.fill(this.mine);
    this.saved = saved;
    this.keepNewer();
    this.edited();
    $("notes").focus();
  }

  keepNewer() {
    this.mine = null;
    $("conflict").hidden = true;
  }

  edited(name) {
    if (name !== undefined) this.mark(name, "");
    if (this.case === "") return;
    this.since ||= performance.now();
    clearTimeout(this.timer);
    const late = performance.now() - this.since > AT_LEAST_MS;
    this.timer = setTimeout(() => this.save(), late ? 0 : this.failed ? RETRY_MS : PAUSE_MS);
    this.status();
  }

  /** Save what is written, if it is not saved yet; resolves when the desk has replied. */
  async save() {
    clearTimeout(this.timer);
    if (this.saving !== null || !this.lineUp || !this.dirty) return;
    const { case: caseId, version } = this;
    const draft = this.collect();
    this.since = 0;
    this.saving = this.send({ do: "save_draft", case: caseId, version, draft });
    this.status();
    const reply = await this.saving;
    if (this.case !== caseId) return;
    this.saving = null;
    this.failed = reply.trouble !== null;
    if (reply.trouble === null) {
      this.saved = draft;
      this.version = version + 1;
    }
    if (this.held.version > version) this.reconcile(); // else the state with the newer version is still on its way
    if (this.dirty) this.edited();
    this.status();
  }

  // ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Return the draft as it is written; a diagnosis that is no code yet is left out. */
  collect() {
    const draft = Object.fromEntries(TEXTS.map((name) => [name, clean($(name).value)]));
    draft.diagnosis = draft.diagnosis.trim().toUpperCase();
    if (!ICD10.test(draft.diagnosis)) draft.diagnosis = "";
    draft.prescription = this.prescription.collect().map((medicine) => Object.fromEntries(Object.entries(medicine).map(([name, text]) => [name, clean(text)])));
    return draft;
  }

  fill(draft) {
    for (const name of TEXTS) {
      if ($(name).value !== draft[name]) $(name).value = draft[name];
      this.mark(name, "");
    }
    this.prescription.fill(draft.prescription);
    this.saved = draft;
    this.saved = { ...this.collect(), ...draft };
  }

  mark(name, words) {
    const error = $(`${name}-error`);
    error.hidden = words === "";
    write(error, words);
    $(name).ariaInvalid = words === "" ? null : "true";
  }

  tidyDiagnosis() {
    const field = $("diagnosis");
    field.value = field.value.trim().toUpperCase();
    this.mark("diagnosis", ICD10.test(field.value) ? "" : say("record.diagnosis_wrong"));
  }

  /** Mark what is missing or wrong; return the first such control. */
  check() {
    this.tidyDiagnosis();
    this.mark("conclusion", $("conclusion").value.trim() === "" ? say("record.missing") : "");
    this.prescription.check();
    return $("record").querySelector("[aria-invalid=true]");
  }

  /** Mark the field that the desk has refused; return its control. */
  refuse(field, words) {
    const [, name, row, part] = field.split(".");
    if (name === "prescription" && row !== undefined) return this.prescription.mark(Number(row), part ?? "name", words);
    if (!TEXTS.includes(name)) return null;
    this.mark(name, words);
    return $(name);
  }

  buttons() {
    const ending = ["closed", "abandoned"].includes(this.held?.state);
    $("close-case").disabled = !this.lineUp || ending;
    $("hand-over").disabled = !this.lineUp || ending || $("colleague").value === "";
  }

  status() {
    let key = "";
    if (this.case !== "") {
      if (this.saving !== null) key = "record.saving";
      else if (!this.dirty) key = this.version > 0 ? "record.saved" : "";
      else if (!this.lineUp) key = "record.kept";
      else key = this.failed ? "record.not_saved" : "record.unsaved";
    }
    write($("saved"), key && say(key));
    $("saved").dataset.state = key.replace("record.", "");
  }

  // ── handing over and closing ─────────────────────────────────────────────────────────────────────────────────

  showColleagues(colleagues) {
    const select = $("colleague");
    const shown = JSON.stringify(colleagues);
    if (select.dataset.shown === shown) return;
    const chosen = select.value;
    const first = el("option", { value: "" }, say(colleagues.length ? "record.hand_over_pick" : "record.hand_over_none"));
    const option = ({ id, name, free }) => el("option", { value: id, disabled: !free }, free ? name : say("record.hand_over_busy", { name }));
    select.replaceChildren(first, ...colleagues.map(option));
    select.value = colleagues.some(({ id, free }) => id === chosen && free) ? chosen : "";
    select.disabled = colleagues.length === 0;
    select.dataset.shown = shown;
  }

  async handOver() {
    const select = $("colleague");
    const doctor = select.value;
    const name = select.selectedOptions[0].textContent;
    await this.settle();
    await this.act.handOver(doctor, name);
  }

  async close() {
    const wrong = this.check();
    if (wrong !== null) {
      wrong.focus();
      this.act.tell(say("record.mend"));
      return;
    }
    await this.settle();
    await this.upToDate();
    if (this.held === null || this.dirty) return;
    if (this.held.blocked.length > 0) {
      this.prescription.mark(this.held.blocked[0], "name", troubleWords("blocked"))?.focus();
      this.act.tell(troubleWords("blocked"));
      return;
    }
    const draft = this.collect();
    this.reasons.ask(this.held.warnings, this.held.draft.reasons ?? {});
    write($("close-title"), say("close.title", { name: this.held.intake.patient.name }));
    $("close-call").hidden = this.held.state !== "live";
    const diagnosis = el("dd", {}, draft.diagnosis || say("close.no_diagnosis"));
    $("close-summary").replaceChildren(el("dt", {}, say("record.diagnosis")), diagnosis, ...summaryLines(draft));
    if (!(await ask($("close-dialog"))) || this.held === null) return;
    const reply = await this.act.close({ ...draft, reasons: this.reasons.given });
    if (reply.trouble === null || reply.field === "") return;
    this.refuse(reply.field, reply.trouble === "incomplete" ? say("record.missing") : troubleWords(reply.trouble))?.focus();
  }

  /** Wait until the desk has shown what it thinks of the text that was saved last. */
  async upToDate() {
    const shown = () => this.held === null || this.held.version >= this.version;
    while (!shown()) await new Promise((resolve) => (this.caughtUp = resolve));
    this.caughtUp = null;
  }

  /** Let a save that is under way end, and save the rest. */
  async settle() {
    await this.saving;
    await this.save();
  }
}
