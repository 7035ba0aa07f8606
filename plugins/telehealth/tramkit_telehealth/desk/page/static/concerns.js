// What must be thought about: the strip of allergies, the warnings, and the reasons a doctor gives for going on.

import { $, el, language, say, write } from "./dom.js";

const LEAST = 3;

/** Return a concern in words. */
export function concernWords({ kind, values }) {
  return say(`warning.${kind}`, { ...values, class: values[language] ?? "" });
}

/** Show what was said of allergies wherever the page has a place for it. */
export function showAllergy(allergy) {
  for (const strip of document.querySelectorAll(".allergy")) {
    strip.hidden = allergy === null;
    strip.dataset.state = allergy?.state ?? "";
    write(strip, allergy === null ? "" : say(`allergy.${allergy.state}`, { said: allergy.said }));
  }
}

/** Show the warnings of the draft. */
export function showWarnings(concerns) {
  const words = concerns.map(concernWords);
  const list = $("warnings");
  if ([...list.children].map((node) => node.textContent).join("\n") === words.join("\n")) return;
  list.replaceChildren(...words.map((text) => el("li", {}, text)));
}

const letters = (text) => (text.match(/[\p{L}\p{N}]/gu) ?? []).length;

/** The part of the closing dialog in which each concern is answered. */
export class Reasons {
  constructor() {
    this.list = $("close-concerns");
    this.list.addEventListener("input", () => this.check());
  }

  /** Ask for a reason for each concern; what was answered before stands there again. */
  ask(concerns, given) {
    this.list.replaceChildren(...concerns.map((concern, index) => this.row(concern, index, given[concern.id] ?? "")));
    $("close-concerns-title").hidden = concerns.length === 0;
    this.check();
  }

  row(concern, index, given) {
    const id = `reason-${index}`;
    const input = el("input", { id, name: concern.id, maxLength: 200, required: true, value: given, spellcheck: false });
    input.dataset.testid = "reason";
    return el("li", {}, el("label", { for: id }, concernWords(concern)), input);
  }

  /** Return the reasons by the concern's id. */
  get given() {
    return Object.fromEntries([...this.list.querySelectorAll("input")].map((input) => [input.name, input.value.normalize("NFC").toWellFormed().trim()]));
  }

  /** Close only what is answered. */
  check() {
    $("close-yes").disabled = Object.values(this.given).some((text) => letters(text) < LEAST);
  }
}
