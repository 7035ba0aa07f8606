// The doctor's own camera and microphone.

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const TROUBLES = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none" };

/** Camera and microphone while they are needed; `changed()` is called when something is different. */
export class OwnMedia {
  constructor(changed) {
    this.changed = changed;
    this.stream = new MediaStream();
    this.trouble = "";
    this.muted = false;
    this.cameraOff = false;
    this.opening = undefined;
  }

  get audio() {
    return this.stream.getAudioTracks()[0] ?? null;
  }

  get video() {
    return this.stream.getVideoTracks()[0] ?? null;
  }

  /** Open what is there; `trouble` says what is missing: denied, none, used, insecure, no_camera, no_microphone. */
  open() {
    this.opening ??= this.take();
    return this.opening;
  }

  /** Look for camera and microphone once more. */
  again() {
    this.drop();
    return this.open();
  }

  close() {
    this.drop();
    this.muted = this.cameraOff = false;
    this.trouble = "";
    this.changed();
  }

  setMuted(muted) {
    this.muted = muted;
    this.apply();
  }

  setCameraOff(off) {
    this.cameraOff = off;
    this.apply();
  }

  drop() {
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = new MediaStream();
    this.opening = undefined;
  }

  async take() {
    const stream = this.stream;
    const trouble = await this.fill(stream);
    if (stream !== this.stream) {
      for (const track of stream.getTracks()) track.stop(); // closed in the meantime
      return;
    }
    this.trouble = trouble;
    for (const track of stream.getTracks()) track.addEventListener("ended", () => this.ended(stream, track));
    if (this.video !== null) this.video.contentHint = "motion"; // signing needs frames rather than detail
    this.apply();
  }

  async fill(stream) {
    if (navigator.mediaDevices === undefined) return "insecure";
    const wishes = [
      ["", { video: VIDEO, audio: AUDIO }],
      ["no_camera", { audio: AUDIO }],
      ["no_microphone", { video: VIDEO }],
    ];
    let first = "";
    for (const [missing, wish] of wishes) {
      try {
        const found = await navigator.mediaDevices.getUserMedia(wish);
        for (const track of found.getTracks()) stream.addTrack(track);
        return missing;
      } catch (error) {
        first ||= TROUBLES[error.name] ?? "used";
        if (first === "denied") return first;
      }
    }
    return first;
  }

  ended(stream, track) {
    if (stream !== this.stream) return;
    stream.removeTrack(track);
    this.trouble = track.kind === "video" ? "no_camera" : "no_microphone";
    if (this.audio === null && this.video === null) this.trouble = "none";
    this.changed();
  }

  apply() {
    if (this.audio !== null) this.audio.enabled = !this.muted;
    if (this.video !== null) this.video.enabled = !this.cameraOff;
    this.changed();
  }
}
