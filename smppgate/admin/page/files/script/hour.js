/* The last hour, one sample a second. The gate keeps five minutes of it, the page the rest. */

import { moment } from "./format.js";
import { read } from "./api.js";

const KEPT = 3600;

class Hour {
  samples = [];
  smscs = [];

  /** Take what the gate has and the page has not. */
  async refresh() {
    const last = this.samples.at(-1);
    const told = await read("history", last ? { since: last.asked } : {});
    this.smscs = told.smscs;
    for (const row of told.samples) this.#take(told, row);
    this.samples.splice(0, this.samples.length - KEPT);
  }

  #take(told, row) {
    const sample = {};
    told.columns.forEach((column, place) => (sample[column] = row[place]));
    sample.asked = sample.time;
    sample.time = moment(sample.time);
    const [messages, latencies] = row.slice(told.columns.length);
    sample.messages_of = byName(told.smscs, messages);
    sample.latency_of = byName(told.smscs, latencies);
    if (sample.time > (this.samples.at(-1)?.time ?? 0)) this.samples.push(sample);
  }

  /** The mean of a column over the last seconds; null without a sample. */
  recent(column, seconds = 5) {
    const end = this.samples.at(-1)?.time ?? 0;
    return mean(this.samples.slice(-seconds).filter((s) => s.time > end - seconds * 1500)
      .map((sample) => sample[column]));
  }
}

/** The hour of this gate. */
export const hour = new Hour();

/** The mean of what is there; null of nothing. */
export function mean(values) {
  const there = values.filter((value) => value != null);
  return there.length ? there.reduce((sum, value) => sum + value, 0) / there.length : null;
}

function byName(names, values) {
  return Object.fromEntries(names.map((name, place) => [name, values?.[place] ?? null]));
}
