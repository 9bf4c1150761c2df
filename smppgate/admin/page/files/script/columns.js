/* Columns of tables. A column has `id`, `label`, `unit`, `kind` (a class), `value(object)` to sort
   by, `text(object)` to show and filter by, and `draw(object, text)` where it is more than text. */

import { clock, latency, moment, number, percent } from "./format.js";
import { element, state } from "./dom.js";

/** The name of the row. */
export function name(id, label, more = {}) {
  return { ...words(id, label), isName: true, kind: "", ...more };
}

/** Text as it is. */
export function words(id, label, more = {}) {
  const value = more.value ?? ((object) => object[id] ?? "");
  return { id, label, kind: "", value, text: (object) => String(value(object)), ...more };
}

/** A number; shown by `show`. */
export function count(id, label, more = {}) {
  const value = more.value ?? ((object) => object[id]);
  const show = more.show ?? number;
  return { id, label, kind: "number", value, text: (object) => show(value(object)), ...more };
}

/** A number of which 0 is nothing worth showing. */
export function rare(id, label, more = {}) {
  const value = more.value ?? ((object) => object[id]);
  const show = more.show ?? number;
  return count(id, label, { ...more, text: (object) => (value(object) ? show(value(object)) : "–") });
}

/** Seconds from a request to its answer. */
export function answerTime(id, label) {
  return count(id, label, { show: (seconds) => (seconds ? latency(seconds) : "–") });
}

/** The worker that has the object; a gate of one process has none, and shows no such column. */
export function worker() {
  return count("worker", "Worker", { kind: "number of-workers", show: (each) => (each ? number(each) : "") });
}

/** A moment, as the time of day. */
export function time(id, label) {
  const value = (object) => moment(object[id]);
  return { id, label, kind: "time", value, text: (object) => clock(value(object)) };
}

/** A state in words, with its shape. */
export function states(id, label, word = (object) => object[id]) {
  return { id, label, kind: "", value: word, text: word, draw: (_, text) => state(text) };
}

/** A part of something, 0 to 1, with a bar. */
export function part(id, label, more = {}) {
  return count(id, label, { show: percent, draw: (object, text) => bar(object[id], text), ...more });
}

/** The number of something, as a link to where these are. */
export function link(id, label, href, more = {}) {
  return count(id, label, {
    draw: (object, text) => element("a", { href: href(object) }, text), ...more,
  });
}

function bar(share, text) {
  const inner = element("span");
  inner.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
  return element("span", {}, text, element("span", { class: "meter", "aria-hidden": "true" }, inner));
}
