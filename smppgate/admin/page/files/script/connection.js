/* Whether the gate is reached, said in the head of the page. */

import { clock } from "./format.js";
import { say } from "./dom.js";

const place = document.getElementById("connection");
const failing = new Map();

let reachedAt = 0;

/** What `source` asked was answered. */
export function answered(source) {
  reachedAt = Date.now();
  failing.delete(source);
  show();
}

/** It was not, or not as it should be. */
export function failed(source, problem) {
  failing.set(source, problem);
  show();
}

/** Nobody waits for what `source` asks any more. */
export function forget(source) {
  if (failing.delete(source)) show();
}

function show() {
  const [problem] = failing.values();
  place.dataset.kind = problem ? "bad" : "good";
  say(place, problem ? meaning(problem) : "Connected");
}

function meaning({ status, message }) {
  if (status === 401) return "Signed out: load the page again to sign in.";
  if (status >= 400 && status < 500) return message;
  const since = reachedAt ? `; what you see is from ${clock(reachedAt)}` : "";
  return `Connection lost${since}. Trying again.`;
}
