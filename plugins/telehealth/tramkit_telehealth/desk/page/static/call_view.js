// The middle of the page: pictures, buttons and what is said about the call.

import { $, ask, el, keyed, press, say, write } from "./dom.js";
import { now, stopwatch } from "./times.js";

const IN_CALL = ["claimed", "ringing", "live"];

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
    this.clock();
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
