// Who the patient is, what was measured, answered and agreed to before the call.

import { showAllergy, showWarnings } from "./concerns.js";
import { $, both, el, has, languageName, say, write } from "./dom.js";
import { age, day, hourMinute, number } from "./times.js";

const ADULT = 16;
const POOR = 0.5;
const PLACES = { temperature: 1, weight: 1 };

/** Show the case; the same case again changes nothing but its warnings. */
export function showPatient({ held, specialties }) {
  showWarnings(held?.warnings ?? []);
  showAllergy(held?.allergy ?? null);
  const shown = held?.intake.case ?? "";
  if ($("call-held").dataset.case === shown) return;
  $("call-held").dataset.case = shown;
  const intake = held?.intake;
  write($("call-title"), intake ? intake.patient.name : say("call.none"));
  $("call-facts").replaceChildren(...(intake ? [facts(intake, specialties[intake.specialty])] : []));
  write($("complaint"), intake?.complaint ?? "");
  $("vitals").replaceChildren(...(intake ? vitals(intake) : []));
  $("answers").replaceChildren(...(intake ? answers(intake) : []));
  $("consents").replaceChildren(...(intake ? intake.consents.map(consent) : []));
}

function facts({ patient, site, specialty, language, opened_at: openedAt }, title) {
  const parts = [];
  if (patient.born !== null) parts.push(say("queue.age", { n: age(patient.born, openedAt) }), say("patient.born", { day: day(patient.born) }));
  else parts.push(say("queue.no_age"));
  if (patient.sex !== null) parts.push(say(`sex.${patient.sex}`));
  if (patient.number) parts.push(say("patient.number", { number: patient.number }));
  parts.push(has(`level.${patient.level}`) ? say(`level.${patient.level}`) : patient.level);
  parts.push(site, title ? both(title) : specialty, languageName(language));
  return parts.filter(Boolean).join(" · ");
}

// ── measurements ─────────────────────────────────────────────────────────────────────────────────────────────────

function vitals({ vitals: readings, patient, opened_at: openedAt }) {
  if (readings.length === 0) return [el("li", { class: "second" }, say("patient.no_vitals"))];
  const adult = patient.born === null || age(patient.born, openedAt) >= ADULT;
  return readings.map((reading) => {
    const value = reading.values.map((one) => number(one, PLACES[reading.kind] ?? 0)).join("/");
    const mark = adult ? outside(reading) : "";
    const node = el(
      "li",
      { class: "vital" },
      el("span", { class: "kind" }, say(`vital.${reading.kind}`)),
      el("span", { class: "value" }, el("b", {}, value), ` ${has(`unit.${reading.unit}`) ? say(`unit.${reading.unit}`) : reading.unit}`),
      mark && el("span", { class: "mark", title: say("patient.outside_why") }, mark),
      reading.quality < POOR ? el("span", { class: "mark" }, say("patient.poor")) : null,
      el("span", { class: "source", title: reading.device }, say("patient.measured", { time: hourMinute(reading.taken_at), device: say("patient.device") })),
    );
    node.dataset.kind = reading.kind;
    node.classList.toggle("outside", mark !== "");
    return node;
  });
}

/** Return the words of the neutral mark, for the first value (systolic for blood pressure); "" where there is none. */
function outside({ kind, values: [value] }) {
  if (!has(`band.${kind}`)) return "";
  const [low, high] = say(`band.${kind}`).split(" ").map(Number);
  const written = (edge) => number(edge, Number.isInteger(edge) ? 0 : 1);
  if (value <= low) return say("patient.low", { n: written(low) });
  return value >= high ? say("patient.high", { n: written(high) }) : "";
}

// ── answers and consents ─────────────────────────────────────────────────────────────────────────────────────────

function answers({ answers: given }) {
  if (given.length === 0) return [el("dd", {}, say("patient.no_answers"))];
  return given.map(({ question, answer }) => el("div", {}, el("dt", {}, question), el("dd", {}, answer)));
}

function consent({ purpose, given, at, text_version: version }) {
  const answer = say(given ? "patient.given" : "patient.not_given");
  const words = has(`consent.${purpose}`) ? say(`consent.${purpose}`) : purpose.replaceAll("_", " ");
  const node = el("li", {}, el("span", {}, words), el("span", { class: "second" }, say("patient.consent_line", { answer, time: hourMinute(at), version })));
  node.dataset.given = String(given);
  return node;
}
