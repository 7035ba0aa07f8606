// The rows of the prescription.

import { $, el, say, troubleWords, write } from "./dom.js";
import { suggest } from "./suggest.js";

const PARTS = ["name", "strength", "amount", "directions"];
const NEEDED = ["name", "amount", "directions"];
const MOST = 20;
const LONGEST = { name: 200, strength: 200, amount: 200, directions: 4000 };
const LABELS = { name: "medicine_name", strength: "strength", amount: "amount", directions: "directions" };

/** Medicines that are added, changed and removed; `changed()` is called after each. */
export class Prescription {
  constructor(changed) {
    this.changed = changed;
    this.list = $("prescription");
    this.count = 0;
    $("add-medicine").addEventListener("click", () => {
      const row = this.add();
      row.querySelector("input").focus();
      changed();
    });
  }

  get rows() {
    return [...this.list.children];
  }

  /** Return the medicines; rows that are wholly empty do not count. */
  collect() {
    return this.filled().map((row) => this.read(row));
  }

  filled() {
    return this.rows.filter((row) => Object.values(this.read(row)).some((text) => text.trim() !== ""));
  }

  read(row) {
    return Object.fromEntries(PARTS.map((part) => [part, row.querySelector(`[name=${part}]`).value]));
  }

  fill(medicines) {
    const now = this.collect();
    if (now.length === medicines.length && now.every((row, index) => PARTS.every((part) => row[part] === medicines[index][part]))) return;
    this.list.replaceChildren();
    for (const medicine of medicines) {
      const row = this.add();
      for (const part of PARTS) row.querySelector(`[name=${part}]`).value = medicine[part];
    }
  }

  /** Mark what is missing. */
  check() {
    for (const row of this.rows) for (const part of PARTS) this.say(row, part, "");
    for (const row of this.filled()) {
      const read = this.read(row);
      for (const part of NEEDED) if (read[part].trim() === "") this.say(row, part, say("record.missing"));
    }
  }

  /** Mark a part of the medicine that the desk counts as `index`; return its control. */
  mark(index, part, words) {
    const row = this.filled()[index];
    if (row === undefined || !PARTS.includes(part)) return null;
    this.say(row, part, words);
    return row.querySelector(`[name=${part}]`);
  }

  /** Mark the medicines that may not be prescribed here, while they are written. */
  showBlocked(blocked) {
    const shown = blocked.join();
    if (this.blocked === shown) return;
    for (const row of this.rows) if (row.dataset.blocked === "true") this.say(row, "name", "");
    for (const row of this.rows) row.dataset.blocked = "false";
    for (const index of blocked) {
      const row = this.filled()[index];
      if (row === undefined) continue;
      row.dataset.blocked = "true";
      this.say(row, "name", troubleWords("blocked"));
    }
    this.blocked = shown;
  }

  say(row, part, words) {
    const control = row.querySelector(`[name=${part}]`);
    const error = $(`${control.id}-error`);
    control.ariaInvalid = words === "" ? null : "true";
    error.hidden = words === "";
    write(error, words);
  }

  add() {
    const id = ++this.count;
    const remove = el("button", { type: "button", class: "small remove" }, say("record.remove"));
    const head = el("div", { class: "head" }, el("b", { id: `medicine-${id}` }), remove);
    const row = el("li", { class: "medicine", role: "group", "aria-labelledby": `medicine-${id}` }, head, ...PARTS.map((part) => this.field(id, part)));
    row.dataset.testid = "medicine";
    row.addEventListener("input", (event) => {
      this.say(row, event.target.name, "");
      this.changed();
    });
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling?.querySelector("input") ?? $("add-medicine");
      row.remove();
      this.renumber();
      next.focus();
      this.changed();
    });
    this.list.append(row);
    suggest(row.querySelector("[name=name]"), "medicine");
    this.renumber();
    return row;
  }

  field(id, part) {
    const control = el(part === "directions" ? "textarea" : "input", { id: `${part}-${id}`, name: part, maxLength: LONGEST[part], spellcheck: false, "aria-describedby": `${part}-${id}-error` });
    if (part === "directions") control.rows = 2;
    if (part !== "name") control.placeholder = say(`record.${part}_example`);
    return el(
      "div",
      { class: `field ${part}` },
      el("label", { for: control.id }, say(`record.${LABELS[part]}`)),
      control,
      el("p", { class: "error", id: `${control.id}-error`, hidden: true }),
    );
  }

  renumber() {
    this.rows.forEach((row, index) => {
      write(row.querySelector("b"), say("record.medicine", { n: index + 1 }));
      row.querySelector(".remove").ariaLabel = say("record.remove_whom", { n: index + 1 });
    });
    $("add-medicine").disabled = this.rows.length >= MOST;
    $("add-medicine").title = this.rows.length >= MOST ? say("record.full") : "";
  }
}
