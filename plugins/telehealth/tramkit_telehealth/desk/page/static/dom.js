// The page's words and the few helpers that put data into it; data only ever becomes text, never markup.

const words = JSON.parse(document.getElementById("words").textContent);

/** The language of the page: "vi" or "en". */
export const language = document.documentElement.lang;

/** Return the element with an id. */
export const $ = (id) => document.getElementById(id);

/** Return whether there are words for a key. */
export const has = (key) => key in words;

/** Return the words of a key, with its {places} filled in. */
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** Return the words of a facility in the page's language. */
export const both = (bilingual) => bilingual[language] ?? bilingual.en;

/** Return the name of a language in itself. */
export const languageName = (id) => (has(`language.${id}`) ? say(`language.${id}`) : id);

/** Make an element; `props` are attributes, or properties where the element has one of that name. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Put text into an element if it is not there yet, so that live regions speak only of changes. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Make a list show items, keeping the nodes (and the focus in them) of those that stay. */
export function keyed(list, items, key, make, update) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let at = list.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    let node = old.get(id);
    if (node === undefined) {
      node = make(item);
      node.dataset.key = id;
    }
    old.delete(id);
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
    update(node, item);
  }
  for (const node of old.values()) node.remove();
}

/** Show a button as pressed or not, with the words of what it does next; those tell a screen reader the state too. */
export function press(button, pressed, words) {
  button.dataset.pressed = String(pressed);
  write(button, words);
}

/** Say something to screen readers only. */
export function announce(text) {
  $("announce").textContent = text;
}

/** Show a message until it is dismissed or 12 seconds have passed; a trouble stays until it is dismissed. */
export function notify(text, kind = "bad") {
  const region = $("notices");
  for (const shown of region.querySelectorAll("p")) if (shown.firstChild.textContent === text) shown.remove();
  const close = el("button", { type: "button", class: "small", "aria-label": say("dismiss") }, "×");
  const notice = el("p", { class: `notice ${kind}` }, el("span", {}, text), close);
  close.addEventListener("click", () => notice.remove());
  region.append(notice);
  if (kind === "good") setTimeout(() => notice.remove(), 12_000);
  while (region.childElementCount > 3) region.firstElementChild.remove();
}

/** Take the troubles away that the doctor's next step has overtaken. */
export function forgetTroubles() {
  for (const shown of $("notices").querySelectorAll(".bad")) shown.remove();
}

/** Return the words for a trouble of the desk; some have words of their own for one command. */
export function troubleWords(trouble, wish = "") {
  const key = [`trouble.${trouble}.${wish}`, `trouble.${trouble}`].find(has);
  return say(key ?? "trouble.other");
}

/** Ask in a dialog; true when the doctor says yes. */
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
