/* Numbers, times and sizes as people read them. What is absent is a dash. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const THREE = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });

const NONE = "–";

/** 12,345; of small ones three digits. */
export function number(value) {
  if (value == null) return NONE;
  return (Math.abs(value) < 100 ? THREE : WHOLE).format(value);
}

/** 12.3K, for axes. */
export function short(value) {
  return SHORT.format(value);
}

/** "1 link", "2 links". */
export function counted(count, noun, plural = `${noun}s`) {
  return `${number(count)} ${count === 1 ? noun : plural}`;
}

/** 0.0123 s as "12.3 ms". */
export function latency(seconds) {
  if (seconds == null) return NONE;
  return seconds < 1 ? `${THREE.format(seconds * 1000)} ms` : `${THREE.format(seconds)} s`;
}

/** 0.5 as "50 %". */
export function percent(part) {
  return part == null ? NONE : `${THREE.format(part * 100)} %`;
}

/** 93784 s as "1 d 2 h". */
export function duration(seconds) {
  if (seconds == null) return NONE;
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  if (first < 0) return seconds > 0 ? latency(seconds) : "0 s";
  let left = Math.floor(seconds);
  const said = parts.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count ? `${count} ${unit}` : "";
  });
  return said.join(" ").trim();
}

/** 1234567 as "1.23 MB". */
export function octets(count) {
  if (count == null) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  return `${THREE.format(count / 1000 ** power)} ${units[power]}`;
}

/** Milliseconds since 1970 of what the API says: ISO 8601, or seconds. 0 where it says nothing. */
export function moment(time) {
  if (!time) return 0;
  return typeof time === "number" ? time * 1000 : Date.parse(time);
}

/** The time of day where the browser is; of another day with its date. */
export function clock(milliseconds) {
  if (!milliseconds) return NONE;
  const when = new Date(milliseconds);
  const is_today = when.toDateString() === new Date().toDateString();
  return (is_today ? CLOCK : DAY).format(when);
}

/** The state and its meaning in words: snake_case as the API has it becomes a phrase. */
export function phrase(key) {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
