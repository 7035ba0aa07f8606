// One side of a call in the lab: the doctor's, or, for the pair that the station is measured beside, the kiosk's.
//
// It is driven over a WebSocket (bench/call/room.py). Encoder and buffers are left as Chromium has them, as in the
// doctor's page: only the start rate is raised, as there. What is seen carries a code with the moment of its capture,
// what is heard too (sound.js).

import { machineClock } from "/clock.js";
import { Ear, speak } from "/pages/sound.js";

const BEAT_MS = 500;
const START_KILOBITS = 300;
const name = new URLSearchParams(location.search).get("name");
const clock = await machineClock(location.host);
const scene = new Worker("/scene.js", { type: "module" });
const camera = new MediaStreamTrackGenerator({ kind: "video" });
const cameraError = await new Promise((done) => {
  scene.onmessage = ({ data }) => done(data);
  scene.postMessage(camera.writable, [camera.writable]);
});
camera.contentHint = "motion";
const microphone = new MediaStreamTrackGenerator({ kind: "audio" });
speak(microphone.writable, clock);
await navigator.mediaDevices.getUserMedia({ audio: true }); // with it the browser tells its true addresses
const socket = new WebSocket(`ws://${location.host}/side/${name}`);
let call = null;

class Call {
  constructor(servers, policy) {
    this.pc = new RTCPeerConnection({ iceServers: servers ?? [], iceTransportPolicy: policy ?? "all" });
    this.video = document.createElement("video");
    this.video.autoplay = true;
    this.video.playsInline = true;
    this.video.width = 640;
    this.video.height = 360;
    document.body.replaceChildren(this.video);
    this.stream = new MediaStream();
    this.video.srcObject = this.stream;
    this.seen = [];
    this.unreadable = 0;
    this.first = true;
    this.beatAt = 0;
    this.pc.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      if (track.kind === "audio") this.ear = new Ear(track, clock);
    };
    this.pc.ondatachannel = ({ channel }) => this.beat(channel);
    this.video.requestVideoFrameCallback((now, about) => this.frame(now, about));
  }

  beat(channel) {
    const timer = setInterval(() => {
      if (channel.readyState === "open") channel.send(String(Math.round(performance.now())));
      if (channel.readyState === "closed") clearInterval(timer);
    }, BEAT_MS);
    channel.onmessage = () => { this.beatAt = performance.now(); };
  }

  async offer() {
    this.pc.addTransceiver(microphone, { direction: "sendrecv" });
    this.pc.addTransceiver(camera, { direction: "sendrecv" });
    this.beat(this.pc.createDataChannel("beat"));
    return this.describe();
  }

  async restart() {
    this.pc.restartIce();
    return this.describe();
  }

  async describe() {
    await this.pc.setLocalDescription();
    return this.gathered();
  }

  async answer(sdp) {
    await this.pc.setRemoteDescription({ type: "offer", sdp: startFast(sdp) });
    const unused = { audio: microphone, video: camera };
    for (const transceiver of this.pc.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      if (!unused[kind]) continue;
      transceiver.direction = "sendrecv";
      await transceiver.sender.replaceTrack(unused[kind]);
      unused[kind] = null;
    }
    return this.describe();
  }

  async gathered() {
    if (this.pc.iceGatheringState !== "complete") {
      await new Promise((done) => {
        setTimeout(done, 3000); // this and the next as in the doctor's page
        this.pc.addEventListener("icecandidate", ({ candidate }) => candidate?.type === "relay" && setTimeout(done, 500));
        this.pc.addEventListener("icegatheringstatechange", () => this.pc.iceGatheringState === "complete" && done());
      });
    }
    return this.pc.localDescription.sdp;
  }

  async accept(sdp) {
    await this.pc.setRemoteDescription({ type: "answer", sdp: startFast(sdp) });
  }

  frame(_now, about) {
    if (this.first) {
      this.first = false;
      socket.send(JSON.stringify({ event: "first", at: clock.at(about.presentationTime) }));
    }
    this.video.requestVideoFrameCallback((now, next) => this.frame(now, next));
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.read(new VideoFrame(this.video), clock.at(about.presentationTime));
  }

  async read(frame, at) {
    const { codedWidth: width, codedHeight: height } = frame;
    const rect = { x: 0, y: 0, width, height: Math.ceil(height / 16) * 2 };
    const rows = new Uint8Array(frame.allocationSize({ rect }));
    const [plane] = await frame.copyTo(rows, { rect });
    frame.close();
    this.width = width;
    this.height = height;
    const code = readFrameCode(luminance(rows, plane, width, height, rect.height));
    if (code) this.seen.push([code.sequence, code.stampUs / 1e6, at]);
    else this.unreadable += 1;
  }

  async stats() {
    const stats = {};
    for (const report of (await this.pc.getStats()).values()) {
      if (report.type === "inbound-rtp" || report.type === "outbound-rtp") stats[`${report.type}-${report.kind}`] = report;
      if (report.type === "candidate-pair" && report.nominated && report.state === "succeeded") {
        stats.pair = report;
      }
      if (report.type === "local-candidate" || report.type === "remote-candidate") {
        stats.candidates = { ...stats.candidates, [report.id]: report };
      }
    }
    return stats;
  }

  /** Return over what the media go: [own kind of address, the other's, relay protocol or ""]. */
  async path() {
    const { pair, candidates } = await this.stats();
    if (!pair) return null;
    const own = candidates[pair.localCandidateId], other = candidates[pair.remoteCandidateId];
    return [own.candidateType, other.candidateType, own.relayProtocol ?? ""];
  }

  end() {
    this.ear?.stop();
    this.pc.close();
    this.video.srcObject = null;
    document.body.replaceChildren();
  }
}

function startFast(sdp) {
  return sdp.replace(/^a=rtpmap:(\d+) VP8\/90000\r\n/gm, `$&a=fmtp:$1 x-google-start-bitrate=${START_KILOBITS}\r\n`);
}

/** Return the top rows of a picture's luminance as the image data of a picture of half the size. */
function luminance(luma, plane, width, height, rows) {
  const small = { width: width >> 1, height: height >> 1 };
  const data = new Uint8Array(small.width * small.height * 4);
  for (let y = 0; y < rows >> 1; y += 1) {
    for (let x = 0; x < small.width; x += 1) data[(y * small.width + x) * 4 + 1] = luma[plane.offset + 2 * y * plane.stride + 2 * x];
  }
  return { ...small, data };
}

const does = {
  offer: async ({ servers, policy }) => { call = new Call(servers, policy); return { sdp: await call.offer() }; },
  answer: async ({ sdp, servers, policy, again }) => {
    if (!again || !call) { call?.end(); call = new Call(servers, policy); }
    return { sdp: await call.answer(sdp) };
  },
  restart: async () => ({ sdp: await call.restart() }),
  accept: async ({ sdp }) => { await call.accept(sdp); return {}; },
  count: async () => { call.seen = []; call.unreadable = 0; call.ear?.take(); call.from = await call.stats(); return {}; },
  report: async () => ({
    seen: call.seen, before: call.from, after: await call.stats(), clock_error: Math.max(clock.error, cameraError),
    width: call.width ?? 0, height: call.height ?? 0, unreadable: call.unreadable, heard: call.ear?.take() ?? null,
  }),
  path: async () => ({ path: await call.path() }),
  state: async () => ({ ice: call.pc.iceConnectionState, connection: call.pc.connectionState }),
  end: async () => { call?.end(); call = null; return {}; },
};

socket.onmessage = async (message) => {
  const { id, do: what, ...words } = JSON.parse(message.data);
  try {
    socket.send(JSON.stringify({ id, ...(await does[what](words)) }));
  } catch (error) {
    socket.send(JSON.stringify({ id, error: String(error) }));
  }
};
