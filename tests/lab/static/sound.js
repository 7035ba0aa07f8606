// The sound of sound_code.py in a page: every 20 ms say when they were made.

const RATE = 48000, SYMBOL = 960, SYMBOLS = 256, LOUDNESS = 5000 / 32768;
const GROUPS = [500, 2300];

function symbol(number) {
  const scattered = ((number % SYMBOLS) * 117) % SYMBOLS;
  const samples = new Float32Array(SYMBOL);
  GROUPS.forEach((low, group) => {
    const tone = low + 100 * ((scattered >> (4 * group)) & 15);
    for (let n = 0; n < SYMBOL; n += 1) samples[n] += Math.sin((2 * Math.PI * tone * n) / RATE) * LOUDNESS;
  });
  return samples;
}

/** Write the sound to an audio track's writer for ever; `clock` tells the machine's time. */
export async function speak(track, clock) {
  const writer = track.getWriter();
  let number = Math.ceil(clock.at(performance.now()) * 50);
  for (; ; number += 1) {
    const late = clock.at(performance.now()) - (number + 1) / 50; // a microphone gives a piece when it is over
    if (late < 0) await new Promise((done) => { setTimeout(done, -late * 1000); });
    if (late > 1) number = Math.floor(clock.at(performance.now()) * 50);
    await writer.write(new AudioData({
      format: "f32", sampleRate: RATE, numberOfFrames: SYMBOL, numberOfChannels: 1,
      timestamp: Math.round((number / 50) * 1e6), data: symbol(number),
    }));
  }
}

/** Keep what a track plays: [seconds of the machine's clock, samples] pieces, until `stop` is called. */
export class Ear {
  constructor(track, clock) {
    this.clock = clock;
    this.pieces = [];
    this.reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    this.hear();
  }

  async hear() {
    for (;;) {
      const { value, done } = await this.reader.read();
      if (done) return;
      const at = this.clock.at(performance.now());
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      this.pieces.push([at, value.sampleRate, samples]);
      value.close();
    }
  }

  /** Return and forget what was heard: moments, and all samples as base64 of little-endian int16 at 48 kHz. */
  take() {
    const pieces = this.pieces.splice(0);
    const all = new Int16Array(pieces.reduce((sum, [, , samples]) => sum + samples.length, 0));
    let at = 0;
    for (const [, , samples] of pieces) for (const one of samples) all[at++] = Math.max(-1, Math.min(1, one)) * 32767;
    const bytes = new Uint8Array(all.buffer);
    let text = "";
    for (let n = 0; n < bytes.length; n += 32768) text += String.fromCharCode(...bytes.subarray(n, n + 32768));
    return { moments: pieces.map(([moment, rate, samples]) => [moment, rate, samples.length]), samples: btoa(text) };
  }

  stop() {
    this.reader.cancel();
  }
}
