/* What plots show: the samples of some minutes, in at most as many slices as a plot has room for. */

import { mean } from "./hour.js";

const MOST = 300;

/** The last `seconds` as slices of equal length: `{times, values}`, a list of values per function.

A slice without a sample is null, and so is a value that no sample of it has. */
export function slices(samples, seconds, functions) {
  const size = Math.ceil(seconds / MOST) * 1000;
  const end = Math.ceil((samples.at(-1)?.time ?? Date.now()) / size) * size;
  const count = Math.floor((seconds * 1000) / size);
  const start = end - count * size;
  const held = Array.from({ length: count }, () => []);
  for (const sample of samples) {
    const place = Math.ceil((sample.time - start) / size) - 1;
    if (place >= 0 && place < count) held[place].push(sample);
  }
  return {
    times: held.map((_, place) => start + (place + 1) * size),
    values: functions.map((value) => held.map((some) => mean(some.map(value)))),
  };
}

/** The names that have most in these samples, most first, and whether others are left. */
export function busiest(samples, names, room) {
  const sums = new Map(names.map((name) => [name, 0]));
  for (const sample of samples)
    for (const name of names) sums.set(name, sums.get(name) + (sample.messages_of[name] ?? 0));
  const order = names.toSorted((one, other) => sums.get(other) - sums.get(one));
  // Who has a colour keeps it while it is among them: the order of the settings, not of the load.
  const chosen = new Set(order.slice(0, names.length > room ? room - 1 : room));
  return { chosen: names.filter((name) => chosen.has(name)), others: order.slice(chosen.size) };
}
