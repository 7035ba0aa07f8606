// Times as they are read in Vietnam, by the desk's clock: the doctor's computer may be wrong.

import { language, say } from "./dom.js";

const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit" });
let offset = 0;

/** Take the desk's time. */
export function setNow(now) {
  offset = Date.parse(now) - performance.now();
}

/** Return the desk's time in milliseconds since 1970. */
export const now = () => performance.now() + offset;

/** Return a moment as 10:42. */
export const hourMinute = (iso) => clock.format(new Date(iso));

/** Return a calendar day (2026-05-17) as 17/05/2026. */
export const day = (iso) => iso.split("-").reverse().join("/");

/** Return how long something takes, in words. */
export function span(milliseconds) {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return say("under_minute");
  if (minutes < 60) return say("minutes", { n: minutes });
  return say("hours", { h: Math.floor(minutes / 60), n: minutes % 60 });
}

/** Return how long a call has lasted, as 4:07 or 1:04:07. */
export function stopwatch(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${parts.join(":")}` : parts.join(":").replace(/^0/, "");
}

/** Return full years between a day of birth and a moment; of a birthday not wholly known (1950, 1950-05) the last day. */
export function age(born, at) {
  const [year, month = 12, date = 31] = born.split("-").map(Number);
  const then = new Date(Date.parse(at) + 7 * 3600_000);
  const before = then.getUTCMonth() + 1 < month || (then.getUTCMonth() + 1 === month && then.getUTCDate() < date);
  return then.getUTCFullYear() - year - (before ? 1 : 0);
}

/** Return a number as people of the page's language write it. */
export const number = (value, places) =>
  value.toLocaleString(language, { minimumFractionDigits: places, maximumFractionDigits: places });
