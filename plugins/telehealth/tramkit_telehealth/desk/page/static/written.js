// The written line: real-time text (ITU-T T.140) over a data channel (RFC 8865), as media/written.py has it.

export const CHANNEL = "t140";
const ERASE = "\u0008";
const NEW_LINE = "\u2028";
const IGNORED = /\u001b\[[0-9;]*[A-Za-z]|\u001b.|[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f\ufeff]/g;
const MAX_TEXT = 2000;

/** Return what to send so that the other side's line becomes another. */
export function typed(before, after) {
  const [old, fresh] = [[...before], [...after]];
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same += 1;
  return ERASE.repeat(old.length - same) + fresh.slice(same).join("").replaceAll("\n", NEW_LINE);
}

/** Return the line after something has come. */
export function received(before, data) {
  const text = [...before];
  for (const character of data.replace(/\r\n?|\n/g, NEW_LINE).replace(IGNORED, (found) => (found === ERASE ? ERASE : ""))) {
    if (character === ERASE) text.pop();
    else text.push(character === NEW_LINE ? "\n" : character);
  }
  return text.slice(-MAX_TEXT).join("");
}

/** Both sides' text in one call; `changed()` is called when the other side's is different. */
export class WrittenLine {
  constructor(changed) {
    this.changed = changed;
    this.forget();
  }

  forget() {
    this.own = "";
    this.theirs = "";
    this.channel = undefined;
  }

  /** Use a leg's channel from now on: say again what stands in our line, expect theirs anew. */
  use(channel) {
    this.channel = channel;
    this.theirs = "";
    const begin = () => channel.send(`\ufeff${typed("", this.own)}`);
    if (channel.readyState === "open") begin();
    else channel.addEventListener("open", begin);
    channel.addEventListener("message", (event) => {
      if (this.channel !== channel) return;
      this.theirs = received(this.theirs, typeof event.data === "string" ? event.data : new TextDecoder().decode(event.data));
      this.changed();
    });
  }

  /** Let our line say this; only what is different is sent. */
  write(text) {
    const data = typed(this.own, text);
    this.own = text;
    if (data !== "" && this.channel?.readyState === "open") this.channel.send(data);
  }
}
