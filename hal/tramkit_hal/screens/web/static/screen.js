// The resident's screen: shows what the station sends, tells the station what the resident does.
// Every text and every size comes from the station; this file holds behaviour only.

const html = document.documentElement;
const root = document.getElementById("root");
const busy = document.getElementById("busy");
const lost = document.getElementById("lost");
let state = JSON.parse(document.body.dataset.state);
let active = null; // the field that the on-screen keyboard types into
let pending = 0; // an answer is on its way since then
let unheard = null; // that answer: the line may break
let busyTimer = 0;
let touchTimer = 0;
let touchedAt = -1000;
let settleTimer = 0;
let leaving = false;
let optionsPage = 0;
let typed = Promise.resolve(); // the keys on their way to the station
let away = false; // the station does not answer
const line = new Worker("/line.js");
const shelf = crossOriginIsolated ? new SharedArrayBuffer(1 << 20) : null; // its first word: bytes laid there, -1 wanted
const laid = shelf && new Int32Array(shelf, 0, 1);
if (shelf) line.postMessage(shelf);

const all = (selector, within = root) => [...within.querySelectorAll(selector)];
const inputs = () => all("input[name],textarea[name]");
const named = (name) => root.querySelector(`[name="${name}"]`);

// what stands in the fields

function values() {
  const found = {};
  for (const field of inputs()) {
    if (field.type === "radio" || field.type === "checkbox") {
      found[field.name] = field.checked ? field.value : found[field.name] || "";
    } else found[field.name] = field.value.normalize("NFC");
  }
  return found;
}

// telling the station

function post(event) {
  const said = { page: state.page, revision: state.revision, ...event };
  if (!away) line.postMessage(JSON.stringify(said));
  return said;
}

async function act(event) {
  const now = performance.now();
  if (pending && now - pending < 2000) return;
  pending = now;
  await typed;
  told();
  clearTimeout(busyTimer);
  busyTimer = setTimeout(() => setBusy(true), 400);
  if (shelf) Atomics.store(laid, 0, -1);
  unheard = post({ ...event, values: values() });
  if (shelf && !away) requestAnimationFrame(look);
}

// The answer may be there before the frame after the touch, and be drawn with it.
function look() {
  const length = Atomics.load(laid, 0);
  if (length > 0) apply(JSON.parse(new TextDecoder().decode(new Uint8Array(shelf, 4, length).slice())));
  else if (pending) requestAnimationFrame(look);
}

function setBusy(on) {
  busy.hidden = !on;
  document.getElementById("main")?.setAttribute("aria-busy", on);
}

function calm() {
  pending = 0;
  clearTimeout(busyTimer);
  setBusy(false);
}

// What is sent now counts as the touch that waits: its echo would hush the voice that has just begun to speak.
function told() {
  clearTimeout(touchTimer);
  touchTimer = 0;
}

function touch() {
  if (touchTimer) return;
  const often = state.kind === "call" ? 300 : 1000; // who writes in a call is read as it is typed (T.140 §7)
  const wait = Math.max(300, touchedAt + often - performance.now());
  touchTimer = setTimeout(() => {
    touchTimer = 0;
    touchedAt = performance.now();
    post({ kind: "touched", values: values() });
  }, wait);
}

// The line ends with the page: what was typed last goes its own way.
addEventListener("pagehide", () => {
  if (!touchTimer || leaving) return;
  const body = JSON.stringify({ page: state.page, revision: state.revision, kind: "touched", values: values() });
  fetch("/event", { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true });
});

// showing what the station sends

function reload() {
  leaving = true;
  location.replace("/");
}

function apply({ html: markup, again, ...next }) {
  if (leaving) return; // the next document shows it
  if (next.boot !== state.boot) return reload();
  if (next.serial < state.serial + !again) return; // the shelf was quicker
  unheard = null;
  if (state.visit && next.visit !== state.visit) return reload();
  const same = next.page === state.page && next.kind === state.kind;
  const answered = pending > 0;
  state = next;
  if (html.lang !== next.lang) html.lang = next.lang; // what is written anew is styled anew
  for (const name of ["scale", "contrast", "lowered"]) if (html.dataset[name] !== next[name]) html.dataset[name] = next[name];
  const fresh = document.createElement("template");
  fresh.innerHTML = markup;
  calm();
  if (same) {
    morphChildren(root, fresh.content);
    if (answered) document.getElementById("summary")?.focus();
  } else {
    root.replaceChildren(fresh.content);
    optionsPage = 0;
    active = null;
    settle();
  }
  const title = document.getElementById("title");
  document.title = title.textContent;
  prepare();
  if (!same || document.activeElement === document.body) title.focus({ preventScroll: true });
  html.dataset.shown = state.serial; // whoever looks from outside knows which view stands on the glass
}

// A tap this soon after a page change was meant for the page before.
function settle() {
  if (!state.ghost) return;
  document.body.classList.add("settling");
  clearTimeout(settleTimer);
  settleTimer = setTimeout(() => document.body.classList.remove("settling"), state.ghost);
}

// Same page: change only what has changed, so that caret, focus and pictures stay.
function morphChildren(from, to) {
  let cursor = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let match = null;
    if (wanted.id) match = [...from.children].find((child) => child.id === wanted.id && child.nodeName === wanted.nodeName);
    else if (cursor && !cursor.id && cursor.nodeType === wanted.nodeType && cursor.nodeName === wanted.nodeName) match = cursor;
    if (!match) {
      from.insertBefore(wanted, cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else from.insertBefore(match, cursor);
    morph(match, wanted);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove();
  }
}

function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  const given = from.dataset.given !== to.dataset.given;
  if (from.nodeName === "CANVAS") {
    if (to.dataset.video) from.dataset.video = to.dataset.video;
    from.setAttribute("aria-label", to.getAttribute("aria-label"));
    return;
  }
  if (!("js" in from.dataset)) {
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
    for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  } else if (to.hasAttribute("aria-label")) from.setAttribute("aria-label", to.getAttribute("aria-label"));
  if (from.matches("[type=radio],[type=checkbox]")) {
    if (given) from.checked = to.checked;
  } else if (from.matches("input,textarea")) {
    if (given) from.value = to.value;
  } else morphChildren(from, to);
}

// making room: options page by page, longer texts part by part

function layout() {
  for (const area of all("[data-scroll]")) {
    const list = area.querySelector("[data-paged]");
    if (list) pageOptions(area, list);
    const more = [...area.parentElement.children].find((child) => "more" in child.dataset);
    hide(more, true);
    const fits = area.scrollHeight <= area.clientHeight + 2;
    hide(more, fits);
    area.toggleAttribute("data-fits", fits);
    if (fits) area.removeAttribute("tabindex");
    else {
      area.tabIndex = 0; // keys alone must be able to scroll it
      mark(area, more);
    }
  }
}

// Without a change nothing is laid out anew.
function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

function mark(area, more) {
  more.toggleAttribute("data-end", area.scrollTop + area.clientHeight >= area.scrollHeight - 2);
}

function pageOptions(area, list) {
  const items = [...list.children];
  const pager = area.parentElement.querySelector(".pager");
  const show = (from, to) => items.forEach((item, n) => hide(item, n < from || n >= to));
  const fits = () => area.scrollHeight <= area.clientHeight + 2;
  const starts = [0]; // each page holds as many as have room on it: a long one costs its own page only
  for (let from = 0; from < items.length; starts.push(from)) {
    let to = Math.min(items.length, from + state.per);
    hide(pager, to - from === items.length);
    show(from, to);
    if (!fits()) hide(pager, false);
    while (to > from + 1 && !fits()) show(from, --to);
    from = to;
  }
  const pages = starts.length - 1;
  optionsPage = Math.min(optionsPage, pages - 1);
  hide(pager, pages < 2);
  show(starts[optionsPage], starts[optionsPage + 1]);
  list.toggleAttribute("data-last", pages > 1 && optionsPage === pages - 1);
  if (pages < 2) return;
  const count = pager.querySelector(".count");
  count.textContent = count.dataset.words.replace("{n}", optionsPage + 1).replace("{m}", pages);
  for (const step of all(".step", pager)) {
    const beyond = optionsPage + Number(step.dataset.step);
    hide(step, beyond < 0 || beyond >= pages);
  }
}

// the on-screen keyboard

function activate(field) {
  active = field;
  for (const box of all(".field")) box.classList.toggle("active", box.contains(field));
  for (const board of all("[data-keys]")) board.hidden = board.dataset.keys !== field?.dataset.keyboard;
  capitals();
}

function capitals(on) {
  const name = active?.dataset.control === "name" && /(^|\s)$/.test(active.value.slice(0, active.selectionStart));
  for (const board of all(".letters")) board.toggleAttribute("data-shift", on ?? name);
}

function type(key) {
  if (!active) return;
  if (key === "way") return turn();
  if (key === "enter") key = "\n";
  if (document.activeElement !== active && !document.activeElement.dataset.key) {
    active.focus();
    active.setSelectionRange(active.value.length, active.value.length);
  }
  const field = active;
  const board = root.querySelector(".letters:not([hidden])");
  if (key === "shift") return capitals(!board.hasAttribute("data-shift"));
  if (key !== "delete" && board?.hasAttribute("data-shift")) key = key.toUpperCase();
  if (field.dataset.keyboard !== "vietnamese") return put(field, key);
  if (/^[a-zăâđêôơư]$/i.test(key)) capitals(false);
  typed = typed.then(() => compose(field, key));
}

// The station knows how Vietnamese is typed: it tells what the field says after the key.
async function compose(field, key) {
  const { selectionStart: start, selectionEnd: end } = field;
  if (start !== end) {
    field.setRangeText("", start, end, "end");
    if (key === "delete") key = "";
  }
  const name = field.dataset.control === "name";
  const body = JSON.stringify({ text: field.value, caret: field.selectionStart, key, typing: html.dataset.typing, name });
  try {
    const answer = await fetch("/key", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) return put(field, key);
    const { text, caret } = await answer.json();
    if (text.length <= field.maxLength) {
      field.value = text;
      field.setSelectionRange(caret, caret);
    }
    changed(field, key);
  } catch {
    put(field, key);
  }
}

// The key types itself.
function put(field, key) {
  let { selectionStart: start, selectionEnd: end } = field;
  if (key === "delete") {
    if (start === end) start = Math.max(0, start - ([...field.value.slice(0, start)].pop() || "").length);
    field.setRangeText("", start, end, "end");
  } else if (field.value.length - (end - start) + key.length <= field.maxLength) field.setRangeText(key, start, end, "end");
  changed(field, key);
}

function changed(field, key) {
  const inputType = key === "delete" ? "deleteContentBackward" : "insertText";
  if (field.selectionEnd === field.value.length) field.scrollTop = field.scrollHeight;
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType }));
  capitals();
}

// From one way of typing to the next.
function turn() {
  const ways = all("[data-way]").map((way) => way.dataset.way);
  html.dataset.typing = ways[(ways.indexOf(html.dataset.typing) + 1) % 3];
  const field = active;
  typed = typed.then(() => compose(field, ""));
}

// 17051990 → 17/05/1990 while typing at the end
function group(field, deleting) {
  if (field.dataset.control !== "date" || field.selectionStart < field.value.length || deleting) return;
  if (/[^\d/]/.test(field.value)) return;
  const parts = field.value.split("/");
  const digits = parts.length > 1 ? parts.map((part, n) => (n < 2 && n < parts.length - 1 ? part.padStart(2, "0") : part)).join("") : parts[0];
  const cut = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 8)];
  field.value = cut[0] + (digits.length >= 2 ? "/" : "") + cut[1] + (digits.length >= 4 ? "/" : "") + cut[2];
}

// pictures and countdown

const feeds = new Map();

function prepare() {
  if (active && !active.isConnected) active = null;
  activate(active ?? root.querySelector("[data-keyboard]"));
  layout();
  for (const [canvas, feed] of feeds) {
    if (canvas.isConnected && canvas.dataset.video === feed.name) continue;
    feeds.delete(canvas);
    hangUp(feed.socket);
  }
  all("[data-pad]").forEach(ink);
  for (const canvas of all("canvas[data-video]")) if (!feeds.has(canvas)) open(canvas);
  count();
}

// A socket that is closed while it opens would make the browser complain.
function hangUp(socket) {
  socket.onmessage = socket.onclose = null;
  if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
  else socket.close();
}

function open(canvas) {
  const name = canvas.dataset.video;
  const slate = canvas.parentElement.querySelector(".slate");
  const picture = canvas.getContext("2d", { alpha: false });
  picture.fillStyle = getComputedStyle(canvas.parentElement).backgroundColor; // until the first picture comes
  picture.fillRect(0, 0, canvas.width, canvas.height);
  const socket = new WebSocket(`ws://${location.host}/video/${encodeURIComponent(name)}`);
  const feed = { name, socket };
  feeds.set(canvas, feed);
  const ask = () => {
    const side = (length) => Math.min(1920, Math.max(16, Math.round(length * devicePixelRatio)));
    if (socket.readyState === WebSocket.OPEN) socket.send(`${side(canvas.clientWidth)}x${side(canvas.clientHeight)}`);
  };
  socket.onopen = ask;
  socket.onmessage = async ({ data }) => {
    if (data === "slate") return void (slate.hidden = false);
    const frame = await createImageBitmap(data);
    if (canvas.width !== frame.width) canvas.width = frame.width;
    if (canvas.height !== frame.height) canvas.height = frame.height;
    picture.drawImage(frame, 0, 0);
    frame.close();
    slate.hidden = true;
    requestAnimationFrame(ask); // the next one only when this one is on the glass
  };
  socket.onclose = () => {
    slate.hidden = false;
    setTimeout(() => feeds.get(canvas) === feed && open(canvas), 1000);
  };
}

// signing with a finger: each point is four digits of base 36, strokes apart by a space

const WIDE = 1295; // as the station counts across the pad
const HIGH = 518;
let stroke = null;

function ink(pad) {
  const canvas = pad.firstElementChild;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, WIDE, HIGH);
  pen.lineWidth = 9;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = getComputedStyle(canvas).color;
  pen.beginPath();
  for (const part of named(pad.dataset.pad).value.split(" ")) {
    const points = part.match(/..../g) ?? [];
    points.forEach((point, n) => {
      const [x, y] = [parseInt(point.slice(0, 2), 36), parseInt(point.slice(2), 36)];
      if (!n) pen.moveTo(x, y);
      pen.lineTo(x, y);
    });
  }
  pen.stroke();
}

function draw(event) {
  const pad = event.target.closest?.("[data-pad]");
  if (!pad || (event.type !== "pointerdown" && !(stroke && event.buttons))) return void (stroke = null);
  const box = pad.getBoundingClientRect();
  const at = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
  const x = at(((event.clientX - box.left) * WIDE) / box.width, WIDE);
  const y = at(((event.clientY - box.top) * HIGH) / box.height, HIGH);
  if (event.type === "pointerdown") pad.setPointerCapture(event.pointerId);
  else if (Math.hypot(x - stroke.x, y - stroke.y) < 7) return;
  const field = named(pad.dataset.pad);
  const digits = (n) => n.toString(36).padStart(2, "0");
  if (event.type === "pointerdown" && field.value) field.value += " ";
  field.value += digits(x) + digits(y);
  while (field.value.length > 3900) field.value = field.value.replace(/(\w{4})\w{4}/g, "$1"); // every second point
  stroke = { x, y };
  ink(pad);
  touch();
}
for (const kind of ["pointerdown", "pointermove", "pointerup"]) document.addEventListener(kind, draw);

let counting = "";
let ends = 0;

function count() {
  const box = root.querySelector("[data-seconds]");
  if (!box) return void (counting = "");
  const key = `${state.page} ${state.revision} ${box.dataset.seconds}`;
  if (key !== counting) {
    counting = key;
    ends = performance.now() + box.dataset.seconds * 1000;
  }
  box.firstElementChild.textContent = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
}
setInterval(count, 250);

// what the resident does

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-choice],[data-press],[data-key],[data-more],[data-step],[data-clear],a[href^='#']");
  if (!target) {
    const anywhere = event.target.closest("main")?.dataset.anywhere;
    if (anywhere) act({ kind: "answered", choice: anywhere });
    return;
  }
  const { choice, press, value, key, step, clear } = target.dataset;
  if (choice !== undefined) act({ kind: "answered", choice });
  else if (press) act({ kind: "pressed", button: press, value: value ?? "" });
  else if (key) type(key);
  else if (clear) {
    named(clear).value = "";
    all("[data-pad]").forEach(ink);
    touch();
  }
  else if (step) {
    optionsPage += Number(step);
    layout();
    root.querySelector("[data-paged] li:not([hidden]) button").focus({ preventScroll: true });
  } else if ("more" in target.dataset) {
    const area = target.parentElement.querySelector("[data-scroll]");
    const end = target.hasAttribute("data-end");
    area.scrollTop = end ? 0 : area.scrollTop + area.clientHeight * 0.85;
    mark(area, target);
  } else {
    event.preventDefault();
    const field = document.getElementById(target.hash.slice(1));
    field?.closest(".field").scrollIntoView({ block: "nearest" });
    field?.focus();
  }
});

document.addEventListener("pointerdown", (event) => {
  touch();
  if (event.target.closest("[data-key]")) event.preventDefault(); // the field keeps its caret
});
document.addEventListener("input", ({ target, inputType = "" }) => {
  group(target, inputType.startsWith("delete"));
  touch();
});
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter") return event.preventDefault();
  touch();
  const { target, key } = event;
  if (keypad(key, target)) return event.preventDefault();
  if (key !== "Enter" || target.nodeName !== "INPUT") return;
  if (target.type === "radio" || target.type === "checkbox") return target.click();
  const fields = inputs().filter((field) => field.dataset.keyboard);
  const next = fields[fields.indexOf(target) + 1];
  if (next && target.dataset.keyboard) next.focus();
  else document.getElementById("continue")?.click();
});

// A keypad has five keys: previous, next, OK (Enter), back and help. OK on a field it has come to leads to the keys of
// the on-screen keyboard, back leads out of them. The station says what it has moved to.
let reached = null;

function keypad(key, target) {
  const board = target.closest("[data-keys]");
  const step = { ArrowDown: 1, ArrowUp: -1, ...(target.type !== "text" && { ArrowRight: 1, ArrowLeft: -1 }) }[key];
  if (step) {
    const stops = all("button:enabled,input,textarea,a[href]", board ?? root).filter(
      (each) => each.checkVisibility() && (board || !each.dataset.key),
    );
    const from = stops.indexOf(target);
    move(stops.at(from < 0 && step < 0 ? -1 : (from + step) % stops.length));
  } else if (key === "Escape" && board) {
    active.focus();
    reached = null;
  } else if (key === "Escape") document.getElementById("back")?.click();
  else if (key === "F1") document.getElementById("bar-help")?.click();
  else if (key !== "Enter") return false;
  else if (target === reached && target.dataset.keyboard) move(root.querySelector("[data-keys]:not([hidden]) button"));
  else if (target.matches("button,input,textarea,a")) return false;
  else document.querySelector("[data-anywhere]")?.click();
  return true;
}

function move(stop) {
  if (!stop) return;
  stop.focus();
  reached = stop;
  const { choice, press, value, key: letter } = stop.dataset;
  const picked = stop.type === "radio" ? "=" + stop.value : "";
  const named = letter ? "key:" + letter : stop.name ? stop.name + picked : stop.hash?.replace("#f-", "field:");
  const at = choice ?? (press ? press + (value ? ":" + value : "") : named ?? "");
  const alike = value ? all(`[data-press="${press}"][data-value="${value}"]`).indexOf(stop) : 0;
  told();
  post({ kind: "touched", values: values(), at: alike > 0 ? `${at}#${alike}` : at });
}

document.addEventListener("focusin", ({ target }) => {
  if (target.dataset?.keyboard) activate(target);
  target.closest?.(".field")?.scrollIntoView({ block: "nearest" });
});
document.addEventListener("scroll", ({ target }) => {
  const more = target.parentElement?.querySelector("[data-more]");
  if (more) mark(target, more);
}, true);
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("wheel", touch, { passive: true });
addEventListener("resize", layout);

// the line to the station

let heardAt = performance.now();

line.onmessage = ({ data }) => {
  if (data === null) {
    away = true;
    setTimeout(rejoin, 1000);
    return;
  }
  const said = away && performance.now() - pending < 5000 ? unheard : null; // or it would startle
  line.postMessage("");
  away = false;
  heardAt = performance.now();
  lost.hidden = true;
  if (data) apply(JSON.parse(data));
  if (said && said.page === state.page && said.revision === state.revision) post(unheard = said);
};

// The station is there again but does not know this browser's secret: show its page that says how to open it.
async function rejoin() {
  try {
    const answer = await fetch("/view");
    if (answer.status === 403) return reload();
  } catch {
    lost.hidden = false;
  }
  line.postMessage(null);
}

setInterval(() => {
  const silent = performance.now() - heardAt;
  if (silent > 12000 || (silent > 1500 && away)) lost.hidden = false;
  if (silent < 12000 || away) return;
  away = true;
  rejoin();
}, 1000);

prepare();
settle();
document.getElementById("title")?.focus({ preventScroll: true });
html.dataset.shown = state.serial;
