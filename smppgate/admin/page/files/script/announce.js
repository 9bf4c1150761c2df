/* What a screen reader is told of, and nobody else needs to be. */

import { say } from "./dom.js";

const place = document.getElementById("announcement");

/** Say this once. */
export function announce(text) {
  say(place, "");
  setTimeout(() => say(place, text), 50);
}
