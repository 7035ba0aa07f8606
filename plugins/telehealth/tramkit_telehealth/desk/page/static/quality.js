// What the picture and the sound of a call are good enough for, from what the browser counts (getStats), every 2 s.
// The score of the sound is the E-model's (ITU-T G.107), as in media/emodel.py; a test holds the two together.

const BASE = 93.2;
const BPL_FEC = 20;

// From which R people understand each other without effort (ITU-T G.109 table 1: 70 and more).
const SPEECH_RATING = 70;

// Skin detail: 800 × 600 picture points at least (American Telemedicine Association, guide to teledermatology, 2012),
// and no picture that stands.
const SKIN_POINTS = 800 * 600;
const SKIN_FROZEN = 0.2;

// Gait and movement: 20 pictures a second and 352 × 288 points (ITU-T H-series supplement 1 for sign; EN 301 549 §6.5).
const GAIT_POINTS = 352 * 288;
const GAIT_FPS = 20;
const GAIT_FROZEN = 0.05;

/** Return R of a conversation: one-way delay in seconds, share of the sound missing. */
export function rating(delay, missing) {
  let idd = 0;
  if (delay > 0.1) {
    const x = Math.log2(delay / 0.1);
    idd = 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
  }
  const percent = 100 * missing;
  return Math.max(0, BASE - idd - (95 * percent) / (percent + BPL_FEC));
}

/** Return what these figures are good enough for. */
export function verdict({ delay, missing, points, fps, frozen }) {
  return {
    speech: rating(delay, missing) >= SPEECH_RATING,
    skin: points >= SKIN_POINTS && frozen <= SKIN_FROZEN && fps > 0,
    gait: points >= GAIT_POINTS && fps >= GAIT_FPS && frozen <= GAIT_FROZEN,
  };
}

const totals = (stats) => ({
  at: performance.now(),
  decoded: stats.video_in?.framesDecoded ?? 0,
  frozen: stats.video_in?.totalFreezesDuration ?? 0,
  concealed: stats.audio_in?.concealedSamples ?? 0,
  silent: stats.audio_in?.silentConcealedSamples ?? 0,
  samples: stats.audio_in?.totalSamplesReceived ?? 0,
  held: stats.audio_in?.jitterBufferDelay ?? 0,
  emitted: stats.audio_in?.jitterBufferEmittedCount ?? 0,
});

/** Counts a call between two looks. */
export class QualityMeter {
  constructor() {
    this.before = undefined;
    this.leg = 0;
  }

  /** Take `CallMedia.stats()`; return figures and verdict, or null where there is nothing to compare with yet. */
  look(stats) {
    const now = totals(stats);
    const before = this.leg === stats.leg ? this.before : undefined;
    this.before = now;
    this.leg = stats.leg;
    if (before === undefined || stats.state !== "live") return null;
    const seconds = (now.at - before.at) / 1000;
    const samples = now.samples - before.samples;
    const emitted = now.emitted - before.emitted;
    const missing = samples > 0 ? Math.max(0, now.concealed - before.concealed - (now.silent - before.silent)) / samples : 1;
    const buffered = emitted > 0 ? (now.held - before.held) / emitted : 0;
    const width = stats.video_in?.frameWidth ?? 0;
    const height = stats.video_in?.frameHeight ?? 0;
    const fps = (now.decoded - before.decoded) / seconds;
    const running = now.decoded > before.decoded;
    const figures = {
      delay: (stats.path?.rtt ?? 0) / 2 + buffered + 0.04, // capture and packets at the other side
      missing: Math.min(1, missing),
      width,
      height,
      points: width * height,
      fps,
      frozen: running ? Math.min(1, (now.frozen - before.frozen) / seconds) : 1,
    };
    return { ...figures, score: rating(figures.delay, figures.missing), ...verdict(figures) };
  }
}
