// The middle of the page: pictures, buttons and what is said about the call.

import { $, ask, el, keyed, press, say, write } from "./dom.js";
import { QualityMeter } from "./quality.js";
import { now, stopwatch } from "./times.js";

const IN_CALL = ["claimed", "ringing", "live"];
const QUALITY_MS = 2000;
const TELL_MS = 30_000; // kept with the case at each change of what it is good for, and so often in any case
const GOOD = 80;
const FAIR = 70; // ITU-T G.109 table 1

/** Whether a held case is in a call or on its way into one. */
export const inCall = (held) => held !== null && IN_CALL.includes(held.state);

/** Shows the call; `act` has what the doctor can do with it. */
export class CallView {
  constructor({ own, media, act }) {
    this.own = own;
    this.media = media;
    this.act = act;
    this.held = null;
    this.checking = false;
    this.lineUp = false;
    $("mute").addEventListener("click", () => own.setMuted(!own.muted));
    $("camera").addEventListener("click", () => own.setCameraOff(!own.cameraOff));
    $("larger").addEventListener("click", () => this.enlarge(!document.body.classList.contains("larger")));
    $("sound-on").addEventListener("click", () => media.turnSoundOn());
    $("release").addEventListener("click", () => act.release());
    $("end-call").addEventListener("click", async () => (await ask($("end-dialog"))) && act.endCall());
    $("check").addEventListener("click", () => this.check(!this.checking));
    $("media-again").addEventListener("click", () => own.again());
    setInterval(() => this.clock(), 1000);
    $("written-own").addEventListener("input", () => media.written.write($("written-own").value));
    $("written-keep").addEventListener("click", () => this.keepWritten());
    this.meter = new QualityMeter();
    this.quality = null;
    this.told = { words: "", at: 0 };
    setInterval(() => this.measureQuality(), QUALITY_MS);
  }

  /** Show a state of the desk. */
  show(held, lineUp) {
    const leaving = this.held !== null && held === null;
    this.held = held;
    this.lineUp = lineUp;
    if (held !== null) this.checking = false;
    if (leaving) this.enlarge(false);
    if (!inCall(held) && $("end-dialog").open) $("end-dialog").close("no");
    this.render();
  }

  render() {
    const { held, media } = this;
    const section = $("call");
    section.dataset.state = held?.state ?? "none";
    section.dataset.media = media.state;
    $("call-none").hidden = held !== null;
    $("call-held").hidden = held === null;
    $("picture").hidden = !inCall(held);
    this.renderOwn();
    this.renderCheck();
    this.renderTrouble();
    if (held === null) {
      write($("call-state"), "");
      return;
    }
    const live = held.state === "live" || media.state !== "connecting";
    $("release").hidden = !["claimed", "ringing"].includes(held.state);
    $("end-call").hidden = !inCall(held) || !live;
    for (const id of ["release", "end-call"]) $(id).disabled = !this.lineUp;
    for (const id of ["mute", "camera", "larger"]) $(id).hidden = !inCall(held);
    $("sound-on").hidden = !media.soundBlocked;
    this.renderOver();
    this.renderWritten();
    this.clock();
  }

  /** Show the written line; what the doctor typed is gone with the call. */
  renderWritten() {
    const shown = inCall(this.held) && this.media.state !== "none";
    $("written").hidden = !shown;
    if (!shown) $("written-own").value = "";
    const { theirs } = this.media.written;
    $("written-theirs").hidden = theirs === "";
    write($("written-theirs"), theirs);
  }

  /** Put what was written into the notes, which are kept with the case. */
  keepWritten() {
    const { own, theirs } = this.media.written;
    const lines = [own, theirs].filter((text) => text.trim() !== "");
    if (lines.length === 0) return;
    const notes = $("notes");
    notes.value = [notes.value, ...lines].filter((text) => text !== "").join("\n");
    notes.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Say over the picture what keeps it from being seen. */
  renderOver() {
    const { held, media } = this;
    let words = "";
    if (inCall(held)) {
      if (held.kiosk === "gone") words = say("call.kiosk_gone");
      else if (media.state === "interrupted") words = say("call.interrupted");
      else if (media.state !== "live") words = say(held.state === "claimed" ? "call.claimed" : "call.ringing");
      else if (held.kiosk_media === "interrupted") words = say("call.kiosk_interrupted");
    }
    $("over").hidden = words === "";
    $("over").classList.toggle("full", media.state !== "live");
    write($("over"), words);
    for (const video of this.media.videos) {
      const front = video.classList.contains("front");
      if (front) video.dataset.testid = "remote-video";
      else delete video.dataset.testid;
      video.ariaHidden = String(!front);
    }
    const marks = [];
    const seen = inCall(held) && media.state === "live";
    if (seen && held.muted) marks.push(say("call.patient_muted"));
    if (seen && held.camera === "off") marks.push(say("call.patient_camera_off"));
    if (seen && held.camera === "slate") marks.push(say("call.patient_slate"));
    keyed($("remote-marks"), marks, (mark) => mark, (mark) => el("li", {}, mark), () => {});
  }

  /** Show what picture and sound are good enough for, and let the desk keep it with the case. */
  async measureQuality() {
    const { held } = this;
    this.quality = inCall(held) ? this.meter.look(await this.media.stats()) : null;
    this.renderQuality();
    if (this.quality === null || held !== this.held) return;
    const { score, delay, missing, width, height, fps, frozen, speech, skin, gait } = this.quality;
    const words = `${speech} ${skin} ${gait}`;
    if (words === this.told.words && performance.now() - this.told.at < TELL_MS) return;
    this.told = { words, at: performance.now() };
    const share = (value) => Math.round(value * 1000) / 1000;
    this.act.keepQuality({
      score: Math.round(score), delay_ms: Math.round(delay * 1000), missing: share(missing),
      width, height, fps: Math.round(fps), frozen: share(frozen), speech, skin, gait,
    });
  }

  renderQuality() {
    const { quality } = this;
    $("quality").hidden = quality === null;
    if (quality === null) return;
    const { score, frozen, fps } = quality;
    const level = score >= GOOD && frozen < 0.05 && fps >= 15 ? "good" : score >= FAIR ? "fair" : "poor";
    $("quality").dataset.level = level;
    write($("quality-word"), say(`quality.${level}`));
    const fit = ["speech", "skin", "gait"].map((use) => ({ use, yes: quality[use] }));
    keyed($("quality-fit"), fit, ({ use }) => use, () => el("li"), (node, { use, yes }) => {
      node.dataset.fit = yes ? "yes" : "no";
      write(node, `${yes ? "✓" : "✕"} ${say(`quality.${use}`)}: ${say(yes ? "quality.yes" : "quality.no")}`);
    });
    $("quality").title = say("quality.figures", {
      score: Math.round(score), delay: Math.round(quality.delay * 1000), missing: (quality.missing * 100).toFixed(1),
      size: `${quality.width} × ${quality.height}`, fps: Math.round(fps),
    });
  }

  renderOwn() {
    const { own } = this;
    const video = $("own-video");
    if (video.srcObject !== own.stream) video.srcObject = own.stream;
    const words = own.video === null ? say("call.own_none") : own.cameraOff ? say("call.own_off") : "";
    $("own-off").hidden = words === "";
    write($("own-off"), words);
    press($("mute"), own.muted, say(own.muted ? "call.unmute" : "call.mute"));
    press($("camera"), own.cameraOff, say(own.cameraOff ? "call.camera_on" : "call.camera_off"));
    $("mute").disabled = own.audio === null;
    $("camera").disabled = own.video === null;
  }

  renderTrouble() {
    const { trouble } = this.own;
    const box = $("media-trouble");
    box.hidden = trouble === "";
    if (trouble === "") return;
    const more = inCall(this.held) && ["denied", "none", "used", "insecure"].includes(trouble) ? ` ${say("media.receive_only")}` : "";
    write(box.firstElementChild, say(`media.${trouble}`) + more);
    $("media-again").hidden = trouble === "insecure";
  }

  clock() {
    const { held, media } = this;
    if (held === null) return;
    const key = inCall(held) && media.state === "live" ? "live" : held.state === "live" ? "ringing" : held.state;
    let words = key === "abandoned" ? say("call.gone_title") : say(`call.${key}`);
    if (media.state === "interrupted" && inCall(held)) words = say("call.live");
    if (key === "live" && held.live_since !== null) words += ` · ${stopwatch(now() - Date.parse(held.live_since))}`;
    const node = $("call-state");
    node.ariaLive = key === "live" ? "off" : "polite"; // a clock that is read out every second helps nobody
    write(node, words);
  }

  enlarge(larger) {
    document.body.classList.toggle("larger", larger);
    press($("larger"), larger, say(larger ? "call.smaller" : "call.larger"));
  }

  // ── the check before the first call ──────────────────────────────────────────────────────────────────────────

  async check(on) {
    this.checking = on;
    if (!on) {
      this.own.close();
      return;
    }
    await this.own.open();
    this.render();
    if (this.own.audio !== null) this.measure(this.own.stream);
  }

  renderCheck() {
    press($("check"), this.checking, say(this.checking ? "call.check_end" : "call.check"));
    const seen = this.checking && this.own.stream.getTracks().length > 0;
    $("check-panel").hidden = !seen;
    const video = $("check-video");
    const stream = seen ? this.own.stream : null;
    if (video.srcObject !== stream) video.srcObject = stream;
    write($("check-good"), seen && this.own.trouble === "" ? say("call.check_good") : "");
  }

  async measure(stream) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    while (this.checking && this.own.stream === stream) {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      $("check-volume").value = Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-9) / 5));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await context.close();
  }
}
