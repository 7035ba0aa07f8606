// One side of a call in Chromium: the doctor's, or, for the peer that the station is compared with, the kiosk's.
//
// It holds its camera and microphone all the time, as a desk and a kiosk do while they wait, and does what the bench
// tells it over a WebSocket (room.py). A picture counts as seen when the browser submits it for display
// (presentationTime of requestVideoFrameCallback). The code is read from the luminance of its rows, which
// costs far less than a copy of the picture on a canvas.

import { machineClock } from "/clock.js";

const BEAT_MS = 500;
const START_KILOBITS = 1200, MAX_BITRATE = 2000000;
const WIDTH = 1280, HEIGHT = 720;
const name = new URLSearchParams(location.search).get("name");
const clock = await machineClock(location.host);
const scene = new Worker("/scene.js", { type: "module" });
const camera = new MediaStreamTrackGenerator({ kind: "video" });
const cameraError = await new Promise((done) => {
  scene.onmessage = ({ data }) => done(data);
  scene.postMessage(camera.writable, [camera.writable]);
});
const [microphone] = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks();
const socket = new WebSocket(`ws://${location.host}/side/${name}`);
let call = null;

class Call {
  constructor() {
    this.pc = new RTCPeerConnection({ iceServers: [] });
    this.video = document.createElement("video");
    this.video.autoplay = true;
    this.video.playsInline = true;
    this.video.width = WIDTH / 2;
    this.video.height = HEIGHT / 2;
    document.body.replaceChildren(this.video);
    this.stream = new MediaStream();
    this.video.srcObject = this.stream;
    this.seen = [];
    this.unreadable = 0;
    this.first = true;
    this.presented = 0;
    this.pc.ontrack = ({ track }) => this.stream.addTrack(track);
    this.pc.ondatachannel = ({ channel }) => this.beat(channel);
    this.video.requestVideoFrameCallback((now, about) => this.frame(now, about));
  }

  beat(channel) {
    const timer = setInterval(() => {
      if (channel.readyState === "open") channel.send(String(Math.round(performance.now())));
      if (channel.readyState === "closed") clearInterval(timer);
    }, BEAT_MS);
  }

  async offer() {
    this.pc.addTransceiver(microphone, { direction: "sendrecv" });
    this.pc.addTransceiver(camera, { direction: "sendrecv" });
    this.beat(this.pc.createDataChannel("beat"));
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return this.gathered();
  }

  async answer(sdp) {
    await this.pc.setRemoteDescription({ type: "offer", sdp: quick(sdp) });
    const unused = { audio: microphone, video: camera };
    for (const transceiver of this.pc.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      if (!unused[kind]) continue;
      transceiver.direction = "sendrecv";
      await transceiver.sender.replaceTrack(unused[kind]);
      unused[kind] = null;
    }
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    await this.keep720p();
    return this.gathered();
  }

  /** Send 720p from the start and keep it: a picture that grows over half a minute could not be compared. */
  async keep720p() {
    const sender = this.pc.getSenders().find((one) => one.track?.kind === "video");
    const parameters = sender.getParameters();
    parameters.degradationPreference = "maintain-resolution";
    parameters.encodings[0].maxBitrate = MAX_BITRATE;
    await sender.setParameters(parameters);
  }

  async gathered() {
    while (this.pc.iceGatheringState !== "complete") {
      await new Promise((done) => { this.pc.addEventListener("icegatheringstatechange", done, { once: true }); });
    }
    return this.pc.localDescription.sdp;
  }

  async accept(sdp) {
    await this.pc.setRemoteDescription({ type: "answer", sdp: quick(sdp) });
    await this.keep720p();
  }

  frame(_now, about) {
    if (this.first) {
      this.first = false;
      socket.send(JSON.stringify({ event: "first", at: clock.at(about.presentationTime) }));
    }
    this.presented = about.presentedFrames;
    this.video.requestVideoFrameCallback((now, next) => this.frame(now, next));
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return; // a track was added: the element starts anew
    this.read(new VideoFrame(this.video), clock.at(about.presentationTime));
  }

  async read(frame, at) {
    const { codedWidth: width, codedHeight: height } = frame;
    const rect = { x: 0, y: 0, width, height: Math.ceil(height / 16) * 2 };
    const rows = new Uint8Array(frame.allocationSize({ rect }));
    await frame.copyTo(rows, { rect });
    frame.close();
    this.width = width;
    this.height = height;
    const code = readFrameCode(halved(rows, width, height, rect.height));
    if (code) this.seen.push([code.sequence, code.stampUs / 1e6, at]);
    else this.unreadable += 1;
  }

  async stats() {
    const stats = {};
    for (const report of (await this.pc.getStats()).values()) {
      if (report.kind === "video" && (report.type === "inbound-rtp" || report.type === "outbound-rtp")) {
        stats[report.type] = report;
      }
    }
    return stats;
  }

  end() {
    this.pc.close();
    this.video.srcObject = null;
    document.body.replaceChildren();
  }
}

/** Return a description that lets VP8 begin at 1.2 Mb/s, as the station does, instead of 0.3 Mb/s. */
function quick(sdp) {
  const codec = /a=rtpmap:(\d+) VP8\/90000\r\n/.exec(sdp);
  return codec ? sdp.replace(codec[0], `${codec[0]}a=fmtp:${codec[1]} x-google-start-bitrate=${START_KILOBITS}\r\n`) : sdp;
}

/** Return the top rows of a picture's luminance as the image data of a small picture of the same shape. */
function halved(luma, width, height, rows) {
  const small = { width: width / 2, height: height / 2 };
  const data = new Uint8Array(small.width * small.height * 4);
  for (let y = 0; y < rows / 2; y += 1) {
    for (let x = 0; x < small.width; x += 1) data[(y * small.width + x) * 4 + 1] = luma[2 * y * width + 2 * x];
  }
  return { ...small, data };
}

const does = {
  offer: async () => { call = new Call(); return { sdp: await call.offer() }; },
  answer: async ({ sdp }) => { call = new Call(); return { sdp: await call.answer(sdp) }; },
  accept: async ({ sdp }) => { await call.accept(sdp); return {}; },
  count: async () => { call.seen = []; call.unreadable = 0; call.from = await call.stats(); call.before = call.presented; return {}; },
  report: async () => ({
    seen: call.seen, presented: call.presented - call.before,
    before: call.from, after: await call.stats(), clock_error: Math.max(clock.error, cameraError),
    width: call.width, height: call.height, unreadable: call.unreadable,
  }),
  end: async () => { call.end(); call = null; return {}; },
};

socket.onmessage = async (message) => {
  const { id, do: what, ...words } = JSON.parse(message.data);
  try {
    socket.send(JSON.stringify({ id, ...(await does[what](words)) }));
  } catch (error) {
    socket.send(JSON.stringify({ id, error: String(error) }));
  }
};
