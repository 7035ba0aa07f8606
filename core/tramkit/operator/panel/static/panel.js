// The operator's panel: draws the station's report, sends what the operator does. No state of its own but the language.

const SILENCE_MS = 12000;
const LANGUAGE = "tramkit-panel-language";
const SVG = "http://www.w3.org/2000/svg";

// Shape and colour of each state; the word always stands beside it.
const SHAPES = {
  ready: ["ok", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Zm-1.2 10.8L3.6 8.4l1.2-1.2 2 2 4.4-4.4 1.2 1.2Z"],
  busy: ["work", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8ZM3.2 7h2v2h-2Zm3.8 0h2v2H7Zm3.8 0h2v2h-2Z"],
  degraded: ["warn", "M8 1 15.6 14.6H.4ZM7.2 5.6v4.6h1.6V5.6Zm0 5.6v1.6h1.6v-1.6Z"],
  starting: ["work", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Zm0 1.8a5.4 5.4 0 0 1 0 10.8Z"],
  offline: ["off", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Zm0 1.8a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6Z"],
  absent: ["bad", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Zm0 1.8c1.2 0 2.3.4 3.2 1.06L3.660 11.2A5.4 5.4 0 0 1 8 2.6Zm4.340 2.2A5.4 5.4 0 0 1 4.8 12.340Z"],
  fault: ["bad", "M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Zm0 5.320L6.880 8 5 9.880 6.120 11 8 9.120 9.880 11 11 9.880 9.120 8 11 6.120 9.880 5 8 6.880 6.120 5Z"],
  maintenance: ["off", "M1.5 1.5h13v13h-13Zm3 5.5v2h7V7Z"],
  available: ["ok", "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8Zm-1.2 10.8L3.6 8.4l1.2-1.2 2 2 4.4-4.4 1.2 1.2Z"],
};
SHAPES.limited = SHAPES.degraded;
SHAPES.closed = SHAPES.fault;
SHAPES.enabled = SHAPES.available;
SHAPES.installed = SHAPES.offline;
SHAPES.quarantined = SHAPES.fault;
SHAPES.certain = SHAPES.available;
SHAPES.uncertain = SHAPES.degraded;

const find = (id) => document.getElementById(id);
let language = remembered();
let words = {};
let report = null;
let source = null;
let heard = Date.now();
let link = "connecting";

// ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function shape(state) {
  const [tone, path] = SHAPES[state] || SHAPES.offline;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `shape ${tone}`);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("fill-rule", "evenodd");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const state = (name, said) => h("span", { class: "state" }, shape(name), h("span", {}, said));
const tag = (text, kind = "") => h("span", { class: `tag ${kind}` }, text);
const pairs = (rows) => h("dl", {}, rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

function button(text, attributes) {
  return h("button", { type: "button", ...attributes }, text);
}

function head() {
  const choices = Object.entries(report.languages).map(([code, name]) =>
    button(name, { "data-do": "language", "data-value": code, lang: code, "aria-pressed": String(code === language) }));
  return h("header", { id: "head" },
    h("div", {}, h("h1", {}, words.title), h("p", {}, [report.agency, report.site, report.station].filter(Boolean).join(" · "))),
    h("div", { class: "languages", role: "group", "aria-label": words.language }, choices));
}

function banner() {
  const waiting = report ? report.calls.filter((call) => !call.acknowledged) : [];
  waiting.sort((one, other) => other.urgent - one.urgent);
  const lines = waiting.map((call) => h("div", { class: call.urgent ? "alarm urgent" : "alarm", "data-key": `call-${call.id}` },
    shape(call.urgent ? "fault" : "degraded"), call.urgent ? h("strong", {}, words.emergency) : null,
    h("strong", {}, call.reason), h("span", {}, `${words.asked} ${call.asked}`),
    button(words.acknowledge, { class: "primary", "data-do": "acknowledge", "data-id": call.id })));
  if (link !== "live") lines.unshift(h("div", { class: "alarm lost", "data-key": "link" }, shape("absent"), words[link] || ""));
  return h("div", { id: "banner", role: "alert" }, lines);
}

// Somebody is in danger and nobody has answered: it sounds, and the longer it takes the more often and the higher.
let sound = null;
let sounded = 0;

function ring() {
  const urgent = report ? report.calls.filter((call) => call.urgent && !call.acknowledged) : [];
  if (!urgent.length) return;
  const waited = Math.max(...urgent.map((call) => call.waiting_seconds));
  if (Date.now() - sounded < (waited < 30 ? 4000 : waited < 90 ? 2000 : 1000)) return;
  sounded = Date.now();
  sound ??= new AudioContext();
  const [tone, volume] = [sound.createOscillator(), sound.createGain()];
  tone.frequency.value = waited < 30 ? 660 : waited < 90 ? 880 : 1175;
  volume.gain.setValueAtTime(0.3, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.6);
  document.body.dataset.rung = String(waited);
}
setInterval(ring, 500);

function panel() {
  return h("main", { id: "panel", class: link === "live" ? "" : "stale" },
    h("section", { class: "devices", "aria-label": words.devices }, report.roles.map(role)),
    h("aside", {}, staff(), visit(), today(), orders(), services(), conditions(), identity(), plugins(), changes(), selfTest()));
}

function role(r) {
  return h("section", { class: "card", "data-key": r.role, "data-role": r.role },
    h("div", { class: "title" }, h("h2", {}, r.title), r.usable ? null : tag(words.none_usable, "bad")),
    r.devices.map((d) => device(r, d)));
}

function device(r, d) {
  const key = `${r.role}/${d.index}`;
  const trouble = d.trouble_words
    ? h("p", { class: "trouble" }, h("strong", {}, d.trouble_words), d.mend_words ? ` ${d.mend_words}` : "")
    : null;
  return h("article", { "data-key": key, "data-index": d.index, class: d.in_use || r.devices.length === 1 ? "" : "stand-by" },
    h("div", { class: "line" },
      state(d.state, d.state_words),
      r.devices.length > 1 && d.in_use ? tag(words.in_use, "ok") : null,
      r.devices.length > 1 && !d.in_use ? tag(words.stand_by) : null,
      d.claimed ? tag(words.claimed, "work") : null,
      d.simulated ? tag(words.simulated) : null,
      button(words.reset, { class: "small end", "data-do": "reset", "aria-label": `${words.reset}: ${r.title}, ${d.model}` })),
    h("p", { class: "which" }, h("span", {}, d.model || d.driver), ` · ${d.driver}`, d.serial ? ` · ${d.serial}` : ""),
    trouble,
    d.facts.length ? pairs(d.facts) : null,
    Object.entries(d.addresses).map(([name, address]) =>
      h("p", {}, h("a", { href: address, target: "_blank", rel: "noopener" }, `${words.open_screen}: ${name}`))),
    d.controls.length ? h("div", { class: "controls", role: "group", "aria-label": words.controls },
      d.controls.map((c) => control(key, c))) : null,
    d.shown || d.paper ? h("div", { class: "seen" }, h("h3", {}, d.paper ? words.paper : words.shown),
      d.paper ? h("img", { class: "paper", "data-key": d.paper, src: d.paper, alt: d.shown })
        : h("pre", { tabindex: "0" }, d.shown)) : null);
}

function control(key, c) {
  const id = `${key}/${c.name}`;
  const shared = { "data-key": c.name, "data-name": c.name };
  if (c.kind === "press") return button(c.label, { ...shared, "data-do": "press" });
  if (c.kind === "switch") {
    const on = c.value === "on";
    return button(h("span", {}, c.label, " ", h("b", {}, on ? words.on : words.off)),
      { ...shared, class: "switch", "data-do": "press", "data-value": on ? "off" : "on", role: "switch", "aria-checked": String(on) });
  }
  const label = h("label", { for: id }, c.label);
  if (c.kind === "choice") {
    return h("div", { ...shared, class: "field" }, label, h("select", { id, "data-do": "choose", "data-set": c.value },
      c.options.some((option) => option.value === c.value) ? null : h("option", { value: c.value }, c.value || "—"),
      c.options.map((option) => h("option", { value: option.value }, option.label))));
  }
  return h("div", { ...shared, class: "field" }, label,
    h("input", { id, type: "text", maxlength: 4000, autocomplete: "off", spellcheck: "false", "data-do": "type", "data-set": c.value }),
    button(words.set, { "data-do": "type", "aria-label": `${words.set}: ${c.label}` }));
}

function section(key, title, ...children) {
  return h("section", { class: "card", "data-key": key }, h("h2", {}, title), children);
}

function staff() {
  const calls = report.calls.slice(0, 8).map((call) => h("li", { "data-key": `call-${call.id}` },
    h("span", { class: "line" }, state(call.acknowledged ? "ready" : "degraded", call.reason)),
    h("span", { class: "note" }, `${words.asked} ${call.asked} · `,
      call.acknowledged ? `${words.acknowledged} ${call.acknowledged}` : words.unanswered),
    call.acknowledged ? null : button(words.acknowledge, { class: "primary", "data-do": "acknowledge", "data-id": call.id })));
  return section("staff", words.staff,
    calls.length ? h("ul", {}, calls) : h("p", { class: "note" }, words.no_calls),
    report.phone ? pairs([[words.phone, report.phone]]) : null);
}

function visit() {
  const v = report.visit;
  const wiped = report.last_wipe_certain;
  const rows = v ? [[words.service, v.service || words.at_menu], [words.resident, v.doing], [words.since, v.since], [words.visit_id, v.id]] : [];
  return section("visit", words.visit,
    report.closed ? h("p", { class: "line" }, tag(words.station_closed, "work")) : null,
    v ? [pairs(rows), button(words.end_visit, { "data-do": "end", "data-value": v.id })] : h("p", { class: "note" }, words.nobody),
    pairs([
      [words.visits, String(report.visits)],
      [words.faces, report.faces.join(" · ")],
      [words.last_wipe, wiped === null ? words.no_visit_yet : state(wiped ? "certain" : "uncertain", wiped ? words.wiped : words.not_wiped)],
    ]),
    button(report.closed ? words.open_station : words.close_station, { "data-do": "close", "data-value": String(!report.closed) }));
}

function today() {
  const t = report.today;
  const rows = [[words.counted_since, t.since], [words.visits_today, String(t.visits)]];
  const counts = (list) => pairs(list.map(([name, count]) => [name, String(count)]));
  return section("today", words.today, pairs([...rows, ...t.money]),
    t.endings.length ? [h("h3", {}, words.how_ended), counts(t.endings)] : null,
    t.services.length ? [h("h3", {}, words.services), counts(t.services)] : null);
}

function services() {
  return section("services", words.services, h("ul", {}, report.services.map((s) => h("li", { "data-key": s.id },
    h("span", { class: "line" }, state(s.state, s.title), tag(s.state_words)),
    s.reason ? h("span", { class: "note" }, s.reason) : null))));
}

function identity() {
  return section("identity", words.identity, h("ul", {}, report.identity.map((each) => h("li", { "data-key": each.level },
    h("span", { class: "line" }, state(each.state, each.title), tag(each.state_words)),
    each.reason ? h("span", { class: "note" }, each.reason) : null))));
}

function conditions() {
  return section("conditions", words.conditions, h("ul", {}, report.conditions.map((each) => h("li", { "data-key": each.title },
    h("span", { class: "line" }, state(each.state, each.title), tag(each.state_words)),
    each.reason ? h("span", { class: "note" }, each.reason) : null))));
}

function plugins() {
  if (report.plugins === null) return null;
  const list = report.plugins.map((p) => h("li", { "data-key": p.name },
    h("span", { class: "line" }, state(p.state, p.title || p.name), tag(p.state_words)),
    h("span", { class: "note" }, [p.title ? p.name : "", p.version].filter(Boolean).join(" ")),
    p.reason ? h("span", { class: "note" }, p.reason) : null));
  return section("plugins", words.plugins, list.length ? h("ul", {}, list) : h("p", { class: "note" }, words.no_plugins));
}

function orders() {
  const found = report.orders;
  if (!found) return null;
  const list = found.orders.map((o) => h("li", { "data-key": o.code },
    h("span", { class: "line" }, state(o.state, `${o.code} · ${o.title}`), tag(o.state_words)),
    h("span", { class: "note" }, [o.plugin, o.amount, o.placed].filter(Boolean).join(" · ")),
    h("span", { class: o.state === "stuck" ? "trouble" : "note" }, o.why)));
  const more = found.stuck + found.late + found.open > list.length;
  return section("orders", words.orders, list.length ? h("ul", {}, list) : h("p", { class: "note" }, words.no_orders),
    more ? h("p", { class: "note" }, words.more_orders) : null);
}

function changes() {
  const list = report.changes.map((c) => h("li", { "data-key": `${c.on} ${c.words}` },
    h("span", { class: "line" }, h("span", {}, c.words), tag(c.on)), c.note ? h("span", { class: "note" }, c.note) : null));
  return section("changes", words.changes, list.length ? h("ul", {}, list) : h("p", { class: "note" }, words.no_changes));
}

function selfTest() {
  const test = report.self_test;
  if (!test) return null;
  if (!test.at) return section("self_test", words.self_test, h("p", { class: "note" }, words.no_self_test));
  const failed = test.failed.map((line) => h("li", { "data-key": line }, h("span", { class: "trouble" }, line)));
  return section("self_test", words.self_test, h("p", { class: "note" }, test.at),
    test.passed ? h("p", {}, words.self_test_passed) : h("ul", {}, failed));
}

// ── changing only what changed, so that focus, caret and half-typed words stay ───────────────────────────

const KEPT = ["aria-busy", "data-typed"];
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.nodeType !== 1 || a.dataset.key === b.dataset.key);

function morph(old, now) {
  if (old.nodeType !== 1) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && !KEPT.includes(name)) old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let at = old.firstChild;
  for (const child of [...now.childNodes]) {
    let match = at;
    while (match && !same(match, child)) match = match.nextSibling;
    if (!match) old.insertBefore(child, at);
    else {
      while (at !== match) [at] = [at.nextSibling, at.remove()];
      at = match.nextSibling;
      morph(match, child);
    }
  }
  while (at) [at] = [at.nextSibling, at.remove()];
}

function fill() {
  for (const field of document.querySelectorAll("[data-set]")) {
    const untouched = field.nodeName === "SELECT" ? !field.getAttribute("aria-busy")
      : field !== document.activeElement && !("typed" in field.dataset);
    if (untouched && field.value !== field.dataset.set) field.value = field.dataset.set;
  }
}

function draw() {
  if (report) {
    morph(find("head"), head());
    morph(find("panel"), panel());
    fill();
    const waiting = report.calls.filter((call) => !call.acknowledged).length;
    document.title = `${waiting ? `(${waiting}) ` : ""}${words.title} · ${report.site}`;
  }
  morph(find("banner"), banner());
}

// ── what comes from the station ──────────────────────────────────────────────────────────────────────────

function remembered() {
  const known = localStorage.getItem(LANGUAGE);
  return ["vi", "en"].includes(known) ? known : document.documentElement.lang;
}

function become(now) {
  if (link === now) return;
  link = now;
  draw();
}

function connect() {
  source?.close();
  heard = Date.now();
  source = new EventSource(`/api/stream?language=${language}`);
  const alive = () => {
    heard = Date.now();
    become("live");
  };
  source.addEventListener("state", (event) => {
    report = JSON.parse(event.data);
    link = "live";
    heard = Date.now();
    draw();
  });
  source.addEventListener("beat", alive);
  source.addEventListener("error", async () => {
    const response = await fetch(`/api/words?language=${language}`).catch(() => null);
    if (source.readyState !== EventSource.OPEN) become(response?.status === 403 ? "closed" : "lost");
  });
}

async function speak(wanted) {
  const response = await fetch(`/api/words?language=${wanted}`).catch(() => null);
  if (!response?.ok) return;
  words = await response.json();
  language = wanted;
  document.documentElement.lang = wanted;
  localStorage.setItem(LANGUAGE, wanted);
  connect();
}

setInterval(() => {
  if (Date.now() - heard < SILENCE_MS) return;
  if (link === "live") become("lost");
  if (Object.keys(words).length) connect();
  else speak(language);
}, 1000);

// ── what the operator does ───────────────────────────────────────────────────────────────────────────────

function note(text, bad) {
  const line = h("p", { class: bad ? "bad" : "ok" }, shape(bad ? "fault" : "ready"), h("span", {}, text));
  find("notes").replaceChildren(line);
  setTimeout(() => line.remove(), bad ? 12000 : 2500);
}

async function post(path, body, pressed) {
  pressed?.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${path}?language=${language}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body || {}),
    });
    const answer = await response.json().catch(() => ({}));
    note(response.ok ? words.done : `${words.failed}. ${answer.error || ""}`, !response.ok);
    return response.ok;
  } catch {
    note(words.lost, true);
    return false;
  } finally {
    pressed?.removeAttribute("aria-busy");
    fill();
  }
}

function place(element) {
  const article = element.closest("article");
  const role = element.closest("[data-role]").dataset.role;
  return { path: `/api/devices/${role}/${article.dataset.index}`, role, index: Number(article.dataset.index) };
}

const send = (element, value) =>
  post(`${place(element).path}/control`, { name: element.closest("[data-name]").dataset.name, value }, element);

async function type(field) {
  if (await send(field, field.value)) {
    delete field.dataset.typed;
    field.dataset.set = field.value;
  }
}

function askReset(element) {
  const { path, role, index } = place(element);
  const r = report.roles.find((one) => one.role === role);
  const d = r.devices[index];
  const why = [d.claimed ? words.reset_claimed : "", role === "screen" ? words.reset_screen : ""].filter(Boolean);
  if (!why.length) {
    post(`${path}/reset`, {}, element);
    return;
  }
  ask(words.reset_question, `${r.title}: ${d.model}. ${why.join(" ")}`, words.reset, () => post(`${path}/reset`, {}, element));
}

function ask(title, text, yes, then) {
  find("dialog-title").textContent = title;
  find("dialog-text").textContent = text;
  find("dialog-no").textContent = words.cancel;
  find("dialog-yes").textContent = yes;
  find("dialog-yes").onclick = () => {
    find("dialog").close();
    then();
  };
  find("dialog").showModal();
}

find("dialog-no").addEventListener("click", () => find("dialog").close());

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-do]");
  if (!pressed || pressed.getAttribute("aria-busy")) return;
  switch (pressed.dataset.do) {
    case "language": speak(pressed.dataset.value); break;
    case "acknowledge": post(`/api/staff/${pressed.dataset.id}/acknowledge`, {}, pressed); break;
    case "close": post("/api/station/closed", { closed: pressed.dataset.value === "true" }, pressed); break;
    case "end":
      ask(words.end_visit_question, words.end_visit_text, words.end_visit,
        () => post("/api/visit/end", { visit: pressed.dataset.value }, pressed));
      break;
    case "reset": askReset(pressed); break;
    case "press": send(pressed, pressed.dataset.value || ""); break;
    case "type": type(pressed.parentElement.querySelector("input")); break;
  }
});

document.addEventListener("change", (event) => {
  if (event.target.dataset.do === "choose") send(event.target, event.target.value);
});

document.addEventListener("input", (event) => {
  if (event.target.dataset.do === "type") event.target.dataset.typed = "";
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input[data-do=type]")) type(event.target);
});

speak(language);
