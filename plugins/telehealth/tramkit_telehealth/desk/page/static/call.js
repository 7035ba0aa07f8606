// The media of a call: numbered legs, each a new RTCPeerConnection that answers the kiosk's offer. A leg is kept until
// the next one is live. Nothing is ever negotiated again: Chromium ↔ aiortc knows neither ICE restart nor rollback.

import { CHANNEL, WrittenLine } from "./written.js";

const HEARTBEAT = "beat";
const BEAT_MS = 500;
const INTERRUPTED_MS = 2000;
const SOUND_ONLY_MS = 3000;
const GATHER_MS = 3000;
const GRACE_MS = 500; // that the other servers have once a relay is there: with one the call comes up
const OWN_MS = 1500; // for camera and microphone: with them the browser tells its true addresses, without only mDNS names
const START_KBPS = 300;
const TICK_MS = 250;
const ASK_MS = 3000;
const LAST_ASK_MS = 10_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Let the picture begin sharp: Chromium starts at 300 kb/s (360p) otherwise and stays there for long. */
function startFast(sdp) {
  return sdp.replace(/^a=rtpmap:(\d+) VP8\/90000\r\n/gm, `$&a=fmtp:$1 x-google-start-bitrate=${START_KBPS}\r\n`);
}

/** One leg: from the kiosk's offer to its end. */
class Leg {
  constructor(number, iceServers, video, changed, written) {
    this.number = number;
    this.video = video;
    this.changed = changed;
    this.live = false;
    this.failed = false;
    this.closed = false;
    this.sdp = undefined;
    this.connectedAt = 0;
    this.beatAt = 0;
    this.pc = new RTCPeerConnection({ iceServers });
    this.stream = new MediaStream();
    this.pc.addEventListener("track", (event) => this.stream.addTrack(event.track));
    this.pc.addEventListener("datachannel", (event) => {
      if (event.channel.label === HEARTBEAT) this.listen(event.channel);
      if (event.channel.label === CHANNEL) written.use(event.channel);
    });
    this.pc.addEventListener("connectionstatechange", () => this.look());
  }

  /** Answer the kiosk's offer with the doctor's tracks; resolves to the complete answer. */
  async answer(offer, own) {
    await this.pc.setRemoteDescription({ type: "offer", sdp: startFast(offer) });
    for (const transceiver of this.pc.getTransceivers()) {
      transceiver.direction = "sendrecv"; // also without a track: it may be there a moment later, or be plugged in
      transceiver.sender.setStreams(own.stream);
    }
    await this.takeTracks(own);
    this.show();
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    await this.gathered();
    this.sdp = this.pc.localDescription.sdp;
    return this.sdp;
  }

  /** Send the tracks that the doctor has now. */
  async takeTracks(own) {
    for (const transceiver of this.pc.getTransceivers()) {
      const track = transceiver.receiver.track.kind === "audio" ? own.audio : own.video;
      if (!this.closed && transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
    }
  }

  /** Milliseconds since the kiosk's last sign of life; 0 before the leg is connected. */
  get silentFor() {
    const last = this.beatAt || this.connectedAt;
    return last ? performance.now() - last : 0;
  }

  close() {
    this.closed = true;
    clearInterval(this.beating);
    this.pc.close();
    if (this.video.srcObject === this.stream) this.video.srcObject = null;
  }

  /** A frame callback does not come in a hidden tab, so what was decoded counts too; so does sound alone. */
  async count() {
    if (this.live || !this.connectedAt) return;
    const soundCounts = performance.now() - this.connectedAt > SOUND_ONLY_MS;
    for (const report of (await this.pc.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video" && report.framesDecoded > 0) this.becomeLive();
      if (report.kind === "audio" && soundCounts && report.packetsReceived > 0) this.becomeLive();
    }
  }

  show() {
    this.video.muted = true;
    this.video.srcObject = this.stream;
    this.video.play().catch(() => {}); // ends so when the leg is closed before its first frame
    this.video.requestVideoFrameCallback(() => this.video.srcObject === this.stream && this.becomeLive());
  }

  gathered() {
    if (this.pc.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, GATHER_MS); // an unreachable server must not hold the call up
      this.pc.addEventListener("icecandidate", ({ candidate }) => candidate?.type === "relay" && setTimeout(resolve, GRACE_MS));
      this.pc.addEventListener("icegatheringstatechange", () => this.pc.iceGatheringState === "complete" && resolve());
    });
  }

  listen(channel) {
    const beat = () => channel.readyState === "open" && channel.send(String(Math.round(performance.now())));
    const start = () => {
      beat();
      this.beating = setInterval(beat, BEAT_MS);
    };
    if (channel.readyState === "open") start();
    else channel.addEventListener("open", start);
    channel.addEventListener("message", () => {
      this.beatAt = performance.now();
    });
  }

  look() {
    if (this.pc.connectionState === "connected") this.connectedAt ||= performance.now();
    if (this.pc.connectionState === "failed") this.failed = true;
    this.changed();
  }

  becomeLive() {
    if (this.live || this.closed) return;
    this.live = true;
    this.changed();
  }
}

/**
 * The legs of one call after the other.
 *
 * `videos` are two elements, one shown (class "front") while the next leg comes up in the other. `send(command)` sends
 * to the desk. `changed()` is called when `state` ("none", "connecting", "live", "interrupted"), `soundBlocked` or the
 * picture is different.
 */
export class CallMedia {
  constructor({ own, videos, send, changed }) {
    this.own = own;
    this.videos = videos;
    this.send = send;
    this.changed = changed;
    this.written = new WrittenLine(() => this.changed());
    this.reset();
    setInterval(() => this.tick(), TICK_MS);
  }

  reset() {
    this.written.forget();
    this.case = "";
    this.early = undefined;
    this.current = undefined;
    this.next = undefined;
    this.highest = 0;
    this.state = "none";
    this.told = "";
    this.soundBlocked = false;
    this.wanted = false;
    this.askAt = 0;
    this.pause = ASK_MS;
  }

  /** Take part in the call of a case; the same case again changes nothing. */
  begin(caseId) {
    if (this.case === caseId) return;
    const { early } = this;
    this.end();
    this.case = caseId;
    this.state = "connecting";
    if (early?.message.case === caseId) this.offered(early.message, early.iceServers);
  }

  /** Say whether there should be a leg now: the page then asks for one where none comes. */
  want(wanted) {
    if (wanted && !this.wanted) this.askAt = performance.now() + ASK_MS;
    this.wanted = wanted;
  }

  end() {
    this.current?.close();
    this.next?.close();
    for (const video of this.videos) video.classList.remove("front");
    this.reset();
    this.changed();
  }

  /** Answer an offer; the same one again gets the same answer, an older one none. */
  async offered(message, iceServers) {
    const { case: caseId, leg: number, sdp } = message;
    if (caseId !== this.case) this.early = { message, iceServers }; // a kiosk can be faster than the desk's state
    if (caseId !== this.case || number < this.highest) return;
    const known = [this.next, this.current].find((leg) => leg?.number === number);
    if (known !== undefined) {
      if (known.sdp !== undefined) this.tellAnswer(known);
      return;
    }
    this.highest = number;
    this.next?.close();
    const free = this.videos.find((video) => video !== this.current?.video);
    const leg = new Leg(number, iceServers, free, () => this.look(), this.written);
    this.next = leg;
    this.askAt = performance.now() + LAST_ASK_MS;
    try {
      await Promise.race([this.own.open(), pause(OWN_MS)]);
      if (!leg.closed) await leg.answer(sdp, this.own);
    } catch {
      leg.failed = true;
    }
    if (leg.closed) return;
    if (leg.failed) this.look();
    else this.tellAnswer(leg);
  }

  /** Send the tracks the doctor has now on every leg. */
  takeTracks() {
    for (const leg of [this.current, this.next]) leg?.takeTracks(this.own).catch(() => {}); // closed meanwhile
  }

  /** Tell the desk again how the media are, after the line to it was lost. */
  tellAgain() {
    this.told = "";
    this.tell();
  }

  /** Turn the sound on by the doctor's own click, where the browser has kept it off. */
  async turnSoundOn() {
    if (this.current === undefined) return;
    this.current.video.muted = false;
    this.soundBlocked = await this.current.video.play().then(() => false, () => true);
    this.current.video.muted = this.soundBlocked;
    if (this.soundBlocked) this.current.video.play().catch(() => {});
    this.changed();
  }

  tellAnswer(leg) {
    this.send({ do: "answer_leg", case: this.case, leg: leg.number, sdp: leg.sdp });
  }

  tick() {
    if (this.case === "") return;
    this.next?.count().catch(() => {}); // closed meanwhile
    this.look();
    this.maybeAsk();
  }

  look() {
    if (this.next?.live) this.promote();
    if (this.next?.failed) {
      this.next.close();
      this.next = undefined;
      this.askAt = performance.now() + this.pause;
    }
    const before = this.state;
    if (this.current !== undefined) {
      const lost = this.current.failed || this.current.silentFor >= INTERRUPTED_MS;
      this.state = lost ? "interrupted" : "live";
    }
    if (this.state !== before) {
      if (this.state === "live") this.pause = ASK_MS;
      this.tell();
      this.changed();
    }
  }

  promote() {
    const old = this.current;
    this.current = this.next;
    this.next = undefined;
    for (const video of this.videos) video.classList.toggle("front", video === this.current.video);
    this.turnSoundOn();
    old?.close();
    this.told = "";
    this.tell();
    this.changed();
  }

  tell() {
    const state = this.current && !this.current.failed && this.current.silentFor < INTERRUPTED_MS ? "live" : this.state;
    if (this.current === undefined || this.told === state) return;
    this.told = state;
    this.send({ do: "media_state", case: this.case, leg: this.current.number, state });
  }

  /** The kiosk begins a new leg by itself after four silent seconds; the page asks where that does not help. */
  maybeAsk() {
    const broken = this.next === undefined && (this.current === undefined || this.current.failed);
    if (!this.wanted || !broken || performance.now() < this.askAt) return;
    this.askAt = performance.now() + this.pause;
    this.pause = Math.min(LAST_ASK_MS, this.pause * 1.5);
    this.send({ do: "ask_leg", case: this.case });
  }

  /** Return a summary of getStats() of the leg in charge: what comes in, what goes out, over which path. */
  async stats() {
    const leg = this.current ?? this.next;
    const summary = { case: this.case, state: this.state, leg: leg?.number ?? 0, own: { audio: this.own.audio !== null, video: this.own.video !== null } };
    if (leg === undefined) return summary;
    const reports = [...(await leg.pc.getStats()).values()];
    const rtp = (type, kind) => reports.find((report) => report.type === type && report.kind === kind) ?? {};
    const pick = (report, names) => Object.fromEntries(names.filter((name) => name in report).map((name) => [name, report[name]]));
    const video = ["frameWidth", "frameHeight", "framesPerSecond"];
    const pair = reports.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
    const path = (id) => reports.find((report) => report.id === id)?.candidateType ?? "";
    return {
      ...summary,
      connection: leg.pc.connectionState,
      silent_for: leg.silentFor,
      video_in: pick(rtp("inbound-rtp", "video"), [...video, "framesReceived", "framesDecoded", "framesDropped", "freezeCount", "totalFreezesDuration", "packetsReceived", "packetsLost", "nackCount", "pliCount", "jitter", "jitterBufferDelay", "jitterBufferEmittedCount", "bytesReceived", "keyFramesDecoded"]),
      video_out: pick(rtp("outbound-rtp", "video"), [...video, "framesSent", "framesEncoded", "bytesSent", "nackCount", "pliCount", "qualityLimitationReason", "targetBitrate", "retransmittedPacketsSent"]),
      audio_in: pick(rtp("inbound-rtp", "audio"), ["packetsReceived", "packetsLost", "jitter", "audioLevel", "totalAudioEnergy", "concealedSamples", "silentConcealedSamples", "totalSamplesReceived", "jitterBufferDelay", "jitterBufferEmittedCount"]),
      audio_out: pick(rtp("outbound-rtp", "audio"), ["packetsSent", "bytesSent"]),
      path: pair ? { rtt: pair.currentRoundTripTime, local: path(pair.localCandidateId), remote: path(pair.remoteCandidateId) } : null,
    };
  }
}
