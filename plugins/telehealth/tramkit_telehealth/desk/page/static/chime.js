// Two soft tones for a new patient, so that a doctor who looks elsewhere hears of it.

const TONES = [659, 880];
const SECONDS = 0.35;

let context;

/** Sound the chime; a page that was never touched may make no sound, then it stays silent. */
export function chime() {
  if (!navigator.userActivation?.hasBeenActive) return;
  context ??= new AudioContext();
  TONES.forEach((hertz, index) => {
    const at = context.currentTime + index * 0.18;
    const tone = new OscillatorNode(context, { frequency: hertz });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.linearRampToValueAtTime(0, at + SECONDS);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + SECONDS);
  });
}
