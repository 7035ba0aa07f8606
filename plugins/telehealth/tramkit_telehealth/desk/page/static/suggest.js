// Type-ahead for a field: ARIA combobox with a list below it. What is found comes from the desk (`/search`); a field works without.

import { el, language, say } from "./dom.js";

const PAUSE_MS = 150;
const LEAST = 2;
let count = 0;

/** Offer entries of a kind (`icd10`, `medicine`) below an input; `picked()` is called when one was put into it. */
export function suggest(input, kind, picked) {
  const list = el("ul", { class: "hits", id: `hits-${++count}`, role: "listbox", hidden: true, "aria-label": say(`suggest.${kind}`) });
  input.after(list);
  Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id }).forEach(([name, value]) => input.setAttribute(name, value));
  let timer = 0;
  let asked = 0;

  const shut = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const pick = (option) => {
    input.value = option.dataset.value;
    shut();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    clearTimeout(timer);
    input.dispatchEvent(new Event("change", { bubbles: true }));
    picked?.(option.dataset.value);
  };
  const move = (step) => {
    const options = [...list.children];
    const now = options.findIndex((option) => option.ariaSelected === "true");
    const next = options[(now + step + options.length + (now < 0 && step < 0 ? 1 : 0)) % options.length];
    for (const option of options) option.ariaSelected = String(option === next);
    next.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", next.id);
  };
  const show = (hits) => {
    list.replaceChildren(
      ...hits.map((hit, index) => {
        const option = el("li", { role: "option", id: `${list.id}-${index}`, "aria-selected": "false" }, el("b", {}, hit.value), " ", el("span", {}, hit[language] ?? ""));
        option.dataset.value = hit.value;
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault(); // the field keeps the focus
          pick(option);
        });
        return option;
      }),
    );
    list.hidden = hits.length === 0;
    input.setAttribute("aria-expanded", String(hits.length > 0));
  };
  const ask = async () => {
    const mine = ++asked;
    const text = input.value.trim();
    if (text.length < LEAST) return shut();
    try {
      const answer = await fetch(`/search?${new URLSearchParams({ kind, q: text })}`);
      const hits = answer.ok ? await answer.json() : [];
      if (mine === asked && document.activeElement === input) show(hits.filter((hit) => hit.value !== text));
    } catch {
      shut(); // the desk is away: the page says so elsewhere
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("blur", () => {
    clearTimeout(timer);
    asked += 1;
    shut();
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const chosen = list.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && chosen !== null) pick(chosen);
    else if (event.key === "Escape") shut();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
