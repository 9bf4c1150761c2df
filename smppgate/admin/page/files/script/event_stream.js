/* The events of the gate: those that it keeps, then each when it happens.

   EventSource would tell only kinds of events that are known beforehand, and not why it was refused;
   so the stream is read here. A browser has six connections to a gate, for all its tabs: while
   nobody looks at this one the stream is closed, and what was missed comes afterwards. */

import { address, problemOf, reached } from "./api.js";
import { answered, failed } from "./connection.js";

const KEPT = 1000;
const PAUSE = 2000; // milliseconds
const SILENCE = 40000; // milliseconds; the gate says something each 15 s

class EventLog {
  events = [];
  #last = 0;
  #stop = null;
  #listeners = new Set();

  /** Call back when there are more; gives what ends that. */
  subscribe(callback) {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Forget what there was: another process counts its events from 1. */
  restart() {
    this.events = [];
    this.#last = 0;
    this.#stop?.abort();
  }

  /** Read for ever, from where it was before when the connection was lost. */
  async follow() {
    const leave = () => document.hidden && this.#stop?.abort();
    document.addEventListener("visibilitychange", leave);
    addEventListener("pagehide", () => this.#stop?.abort());
    for (;;) {
      await shown();
      try {
        await this.#read();
      } catch (problem) {
        if (problem.status !== undefined) failed(this, problem);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  async #read() {
    const stop = (this.#stop = new AbortController());
    const answer = await reached(address("events", { since: this.#last }),
      { signal: stop.signal, cache: "no-store", headers: { Accept: "text/event-stream" } });
    if (!answer.ok) throw await problemOf(answer);
    answered(this);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const timer = setTimeout(() => stop.abort(), SILENCE);
      const { value, done } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      const blocks = (held + value).split("\n\n");
      held = blocks.pop();
      this.#take(blocks.map(dataOf).filter(Boolean));
    }
  }

  #take(events) {
    if (!events.length) return;
    if (events[0].number <= this.#last) return this.restart();
    this.#last = events.at(-1).number;
    this.events = [...this.events, ...events].slice(-KEPT);
    for (const callback of this.#listeners) callback(this.events);
  }
}

/** Returns once somebody looks at the page. */
function shown() {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}

function dataOf(block) {
  const lines = block.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length ? JSON.parse(lines.map((line) => line.slice(5)).join("\n")) : null;
}

/** The events of this gate. */
export const eventLog = new EventLog();
