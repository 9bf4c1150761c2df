/* The plots of the overview, made of the hour. */

import { busiest, slices } from "./series.js";
import { latency, number, percent, short } from "./format.js";
import { Plot } from "./plot.js";

const PLOTS = [
  {
    title: "Throughput", unit: "messages/s", show: number, tick: short, least: 1,
    series: [
      { name: "from ESMEs", value: (s) => s.messages, color: 0 },
      { name: "answered", value: (s) => s.answered, color: 2, dash: "dashed" },
    ],
  },
  {
    title: "Latency", unit: "until an SMSC answers, mean", show: latency, tick: latency, least: 0.001,
    series: [{ name: "all SMSCs", value: (s) => (s.answered ? s.latency_seconds : null), color: 0 }],
  },
  { title: "Share per SMSC", unit: "answered messages/s", show: number, tick: short, least: 1,
    isStacked: true },
  {
    title: "Waiting", unit: "messages for an SMSC", show: number, tick: short, least: 1,
    series: [{ name: "waiting", value: (s) => s.waiting, color: 0 }],
  },
  {
    title: "Receipts", unit: "per second", show: number, tick: short, least: 1,
    series: [
      { name: "receipts", value: (s) => s.receipts, color: 0 },
      { name: "other messages to ESMEs", value: (s) => s.mobile_originated, color: 1, dash: "dashed" },
    ],
  },
  {
    title: "Errors", unit: "answers/s that are not ESME_ROK", show: number, tick: short, least: 1,
    series: [{ name: "errors", value: (s) => s.errors, color: 5 }],
  },
];

const COLORS = 7;
const OTHERS = 7; // the last colour, which is grey

/** The plots: `{nodes, show(hour, seconds)}`. */
export function overviewPlots() {
  const plots = PLOTS.map((options) => ({ options, plot: new Plot(options) }));
  return {
    nodes: plots.map(({ plot }) => plot.node),
    show(hour, seconds) {
      const end = hour.samples.at(-1)?.time ?? 0;
      const samples = hour.samples.filter((sample) => sample.time > end - seconds * 1000);
      for (const { options, plot } of plots) {
        const series = options.series ?? shares(samples, hour.smscs);
        const { times, values } = slices(samples, seconds, series.map((each) => each.value));
        plot.show({ times, series: series.map((each, place) => ({ ...each, values: values[place] })) });
      }
    },
  };
}

function shares(samples, names) {
  const { chosen, others } = busiest(samples, names, COLORS);
  const of = (some) => (sample) => some.reduce((sum, name) => sum + (sample.messages_of[name] ?? 0), 0);
  const series = chosen.map((name, place) => ({ name, value: of([name]), color: place % COLORS }));
  if (others.length)
    series.push({ name: `${others.length} others`, value: of(others), color: OTHERS });
  return series;
}

/** The figures above the plots, of the last seconds. */
export function figures(hour) {
  const [messages, errors, answered] = ["messages", "errors", "answered"].map((c) => hour.recent(c));
  return {
    messages: number(messages),
    latency: latency(answered ? hour.recent("latency_seconds") : null),
    errors: answered ? percent(errors / answered) : errors ? number(errors) : percent(answered),
    receipts: number(hour.recent("receipts")),
    waiting: number(hour.recent("waiting", 1)),
  };
}
