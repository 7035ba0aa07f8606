// The line to the desk: one WebSocket, opened again with back-off, commands with replies.

const FIRST_PAUSE = 500;
const LAST_PAUSE = 8000;
const BEAT = 5000;
const SILENT = 15_000;

/**
 * Commands to the desk and messages from it.
 *
 * `on.message(message)` gets each state and each leg offer; `on.change()` is called when `state` ("connecting", "up",
 * "down") or `next` (milliseconds until the next attempt) have changed; `on.refused()` when the session has ended.
 */
export class Line {
  constructor(on) {
    this.on = on;
    this.state = "connecting";
    this.nextAt = 0;
    this.pause = FIRST_PAUSE;
    this.n = 0;
    this.waiting = new Map();
    this.heardAt = 0;
    this.stopped = false;
    setInterval(() => this.beat(), BEAT);
    addEventListener("online", () => this.open());
  }

  get up() {
    return this.state === "up";
  }

  /** Open the line now, if it is not open. */
  open() {
    clearTimeout(this.timer);
    if (this.stopped || this.socket !== undefined) return;
    this.nextAt = 0;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/doctor`);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.addEventListener("message", (event) => this.socket === socket && this.hear(event.data));
    socket.addEventListener("close", () => this.lose(socket));
    this.on.change();
  }

  /** Close the line for good. */
  stop() {
    this.stopped = true;
    this.socket?.close();
  }

  /** Send a command; resolves to the desk's reply, whose trouble is "lost" where none came. */
  send(command) {
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ trouble: "lost", field: "" });
    const n = ++this.n;
    this.socket.send(JSON.stringify({ n, command }));
    return new Promise((resolve) => this.waiting.set(n, resolve));
  }

  hear(data) {
    this.heardAt = performance.now();
    const message = JSON.parse(data);
    if (message.type === "reply") {
      this.waiting.get(message.n)?.(message);
      this.waiting.delete(message.n);
      return;
    }
    if (message.type === "state" && !this.up) {
      this.state = "up";
      this.pause = FIRST_PAUSE;
      this.on.change();
    }
    this.on.message(message);
  }

  lose(socket) {
    if (this.socket !== socket) return;
    const wasUp = this.up;
    this.socket = undefined;
    for (const resolve of this.waiting.values()) resolve({ trouble: "lost", field: "" });
    this.waiting.clear();
    if (this.stopped) return;
    this.state = "down";
    const pause = this.pause * (1 + Math.random() / 4);
    this.pause = Math.min(LAST_PAUSE, this.pause * 2);
    this.nextAt = performance.now() + pause;
    this.timer = setTimeout(() => this.open(), pause);
    if (!wasUp) this.look();
    this.on.change();
  }

  /** A refused WebSocket does not say why: ask whether the session still stands. */
  async look() {
    try {
      const page = await fetch("/", { redirect: "manual", cache: "no-store" });
      if (page.type === "opaqueredirect" || page.status === 401 || page.status === 403) this.on.refused();
    } catch {
      // no connection at all: the next attempt will tell
    }
  }

  beat() {
    if (this.socket === undefined) return;
    if (performance.now() - this.heardAt > SILENT) {
      const socket = this.socket;
      socket.close();
      this.lose(socket); // a dead network would let close() wait for minutes
    } else if (this.up) this.send({ do: "beat" });
  }
}
