// The machine's clock in a page: seconds of Python's time.monotonic(), as the bench itself reads it.
//
// performance.now() and time.monotonic() both count CLOCK_MONOTONIC on Linux, so one offset holds for the whole run. It
// is asked over a WebSocket and taken from the quickest of many answers: the error is at most half of that round trip,
// which is reported beside the figures (Cristian's algorithm).

const QUESTIONS = 60;

/** Return {at, error}: at(ms of performance.now) in seconds of the machine, and the greatest error in seconds. */
export async function machineClock(host) {
  const socket = new WebSocket(`ws://${host}/clock`);
  await new Promise((done, failed) => { socket.onopen = done; socket.onerror = () => failed(new Error("no clock")); });
  let best = Infinity;
  let offset = 0;
  for (let n = 0; n < QUESTIONS; n += 1) {
    const sent = performance.now();
    const told = new Promise((done) => { socket.onmessage = (message) => done(Number(message.data)); });
    socket.send("");
    const machine = await told;
    const back = performance.now();
    if (back - sent < best) {
      best = back - sent;
      offset = machine - (sent + back) / 2000;
    }
  }
  socket.close();
  return { at: (now) => offset + now / 1000, error: best / 2000 };
}
