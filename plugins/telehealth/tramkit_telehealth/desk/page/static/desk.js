// The doctor's page: wires the line to the desk, the queue, the call and the record together.

import { CallMedia } from "./call.js";
import { CallView, inCall } from "./call_view.js";
import { $, ask, both, forgetTroubles, notify, say, troubleWords, write } from "./dom.js";
import { Line } from "./line.js";
import { OwnMedia } from "./own_media.js";
import { showPatient } from "./patient.js";
import { Queue } from "./queue.js";
import { Record } from "./record.js";
import { setNow } from "./times.js";

let state = null;
let leaving = ""; // the case that this page itself has given away

const line = new Line({ message: hear, change: showLine, refused: () => signIn("/") }); // "/" leads to the sign-in page, which says why
const own = new OwnMedia(() => {
  media.takeTracks();
  view.render();
});
const media = new CallMedia({
  own,
  videos: [...document.querySelectorAll("video.remote")],
  send: (command) => line.send(command),
  changed: () => view.render(),
});
const view = new CallView({ own, media, act: { release, endCall, keepQuality } });
const queue = new Queue({ accept });
const record = new Record({ send: (command) => line.send(command), act: { close, handOver, tell: notify } });

/** For tests and measurements: what comes in and goes out on the leg in charge. */
window.tramkitDesk = Object.freeze({ stats: () => media.stats() });

// ── what the desk says ───────────────────────────────────────────────────────────────────────────────────────────

function hear(message) {
  if (message.type === "state" || (message.type === "change" && state !== null)) {
    const next = message.type === "state" ? message : changed(state, message);
    if (next.reload) signIn();
    else take(next);
  } else if (message.type === "leg_offer" && state !== null) {
    media.offered(message, state.ice_servers.map(iceServer));
  }
}

/** An empty user name stands for none. */
const iceServer = ({ urls, username, credential }) => (username ? { urls, username, credential } : { urls });

/** Return a state after what has changed of it. */
function changed(before, { fields, put, gone, order }) {
  const rows = new Map(before.queue.filter((row) => !gone.includes(row.case)).map((row) => [row.case, row]));
  for (const row of put) rows.set(row.case, row);
  return { ...before, ...fields, queue: order === null ? [...rows.values()] : order.map((id) => rows.get(id)) };
}

function take(next) {
  const before = state?.held ?? null;
  state = next;
  setNow(next.now);
  const { held } = next;
  const lost = before !== null && held?.intake.case !== before.intake.case ? before.intake.case : "";
  if (lost && lost !== leaving && !next.past.some((item) => item.case === lost)) notify(say("case_gone"), "warn");
  if (lost && lost === leaving) leaving = "";
  if (inCall(held)) {
    media.begin(held.intake.case);
    media.want(held.state !== "claimed" && held.kiosk === "connected");
    own.open();
  } else if (media.case !== "") {
    media.end();
    own.close();
  }
  show();
  if (held !== null && before?.intake.case !== held.intake.case) $("call-title").focus({ preventScroll: true });
}

function show() {
  if (state === null) return;
  const { doctor, facility, held } = state;
  write($("facility"), both(facility.name));
  write($("doctor"), `${doctor.name} · ${both(doctor.specialty)}`);
  showSwitch("shift", state.on_shift, line.up && held === null);
  showSwitch("available", state.available, line.up && state.on_shift);
  const why = held === null ? "" : say("held_blocks");
  for (const control of [$("sign-out"), $("shift")]) control.title = why;
  document.body.classList.toggle("holding", held !== null);
  $("sign-out").disabled = held !== null;
  for (const button of $("languages").elements) button.disabled = inCall(held);
  queue.show(state, line.up);
  showPatient(state);
  view.show(held, line.up);
  record.show(state, line.up);
}

function showSwitch(id, on, usable) {
  $(id).ariaChecked = String(on);
  $(id).disabled = !usable;
  write($(id).querySelector("b"), say(on ? "on" : "off"));
}

// ── the line ─────────────────────────────────────────────────────────────────────────────────────────────────────

function showLine() {
  const node = $("line");
  if (line.up && node.dataset.state === "down") media.tellAgain();
  const shown = line.state === "connecting" || line.up ? line.state : "down";
  node.dataset.state = shown;
  write(node.lastElementChild, say(`line.${shown}`));
  $("lost").hidden = shown !== "down";
  show();
  countDown();
}

function countDown() {
  const left = Math.ceil((line.nextAt - performance.now()) / 1000);
  write($("lost-next"), left > 0 ? say("lost.next", { n: left }) : say("line.connecting"));
  $("lost-now").disabled = left <= 0;
}

function signIn(path = "/sign-in") {
  line.stop();
  location.assign(path);
}

// ── what the doctor does ─────────────────────────────────────────────────────────────────────────────────────────

async function command(wish) {
  forgetTroubles();
  const reply = await line.send(wish);
  if (reply.trouble !== null) notify(troubleWords(reply.trouble, wish.do));
  return reply;
}

async function accept(caseId) {
  own.open(); // while the desk and the kiosk get ready
  const reply = await command({ do: "accept", case: caseId });
  if (reply.trouble !== null && !inCall(state.held) && !view.checking) own.close();
}

async function release() {
  const caseId = state.held.intake.case;
  if (!(await ask($("release-dialog"))) || state.held?.intake.case !== caseId) return;
  leaving = caseId;
  const reason = document.querySelector("#release-dialog input:checked").value;
  await give({ do: "release", case: leaving, reason });
}

function endCall() {
  return command({ do: "end_call", case: state.held.intake.case });
}

async function handOver(doctor, name) {
  leaving = state.held.intake.case;
  const reply = await give({ do: "hand_over", case: leaving, doctor });
  if (reply.trouble === null) notify(say("hand_over.done", { name }), "good");
}

async function close(draft) {
  const caseId = state.held.intake.case;
  if (inCall(state.held)) {
    const ended = await command({ do: "end_call", case: caseId });
    if (ended.trouble !== null) return ended;
  }
  leaving = caseId;
  const reply = await give({ do: "close", case: caseId, draft });
  if (reply.trouble === null) notify(say("close.done"), "good");
  return reply;
}

/** Send a command after which the case is no longer here. */
async function give(wish) {
  const reply = await command(wish);
  if (reply.trouble !== null) leaving = "";
  return reply;
}

$("shift").addEventListener("click", () => command({ do: "set_shift", on: !state.on_shift }));
$("available").addEventListener("click", () => command({ do: "set_available", available: !state.available }));
/** Let the desk keep with the case what the call was good for. */
function keepQuality(figures) {
  if (view.held !== null) line.send({ do: "quality", case: view.held.intake.case, ...figures });
}

$("lost-now").addEventListener("click", () => line.open());
setInterval(countDown, 500);
line.open();
