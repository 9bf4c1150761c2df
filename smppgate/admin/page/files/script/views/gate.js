import { ask } from "../dialog.js";
import { change, read } from "../api.js";
import { clock, counted, duration, latency, moment, number, octets, phrase } from "../format.js";
import { element, panel, say, state as stateOf } from "../dom.js";
import { isOperator, whyNot } from "../me.js";
import { poll } from "../poll.js";

const LEVELS = ["debug", "info", "warn", "error", "critical"];
const OCTETS = new Set(["octets"]);

export default {
  id: "gate",
  title: "Gate",
  show(content) {
    const [gate, store, related, totals] = Array.from({ length: 4 }, () => element("dl", { class: "facts" }));
    const [listeners, workers] = [1, 2].map(() => element("ul", { class: "plain" }));
    const ofWorkers = panel("Workers", workers);
    ofWorkers.hidden = true;
    content.replaceChildren(
      element("div", { class: "head" }, element("h1", {}, "Gate")),
      element("div", { class: "panels" },
        panel("This process", gate, controls()),
        ofWorkers,
        panel("Listeners for ESMEs", listeners),
        panel("Store", store),
        panel("Long messages and dialogues", related),
        panel("Since the start", totals)));
    const stop = poll(5, async () => {
      const state = await read("state");
      facts(gate, process(state));
      listeners.replaceChildren(...state.listeners.map(listener));
      workers.replaceChildren(...state.workers.map(worker));
      ofWorkers.hidden = !state.workers.length;
      facts(store, told(state.store));
      facts(related, told(state.related));
      facts(totals, told({ ...state.totals, unrouted: state.unrouted }));
    });
    return { stop, moved() {} };
  },
};

function process(state) {
  return [
    ["Name", state.name],
    ["Version", state.version],
    ["State", state.is_stopping ? "stopping" : "running"],
    ["Started", `${clock(moment(state.started_at))}, ${duration(state.uptime_seconds)} ago`],
    ["Open requests", number(state.open_exchanges)],
  ];
}

function told(object) {
  return Object.entries(object).filter(([, value]) => typeof value !== "object").map(([key, value]) =>
    [phrase(key), typeof value !== "number" ? value : OCTETS.has(key) ? octets(value) : number(value)]);
}

/** Show these; nodes of what stays are kept. */
function facts(list, entries) {
  entries.forEach(([label, value], place) => {
    if (!list.children[place * 2]) list.append(element("dt"), element("dd"));
    say(list.children[place * 2], label);
    say(list.children[place * 2 + 1], value == null || value === "" ? "–" : String(value));
  });
}

function listener(each) {
  const counts = [counted(each.sessions, "connection"), `${number(each.unbound)} not bound`,
    `${number(each.refused)} refused`, `${number(each.delayed)} binds delayed`];
  return element("li", {}, each.endpoint, each.address ? ` at ${each.address}` : " (closed)",
    element("br"), element("span", { class: "muted" }, counts.join(", ")));
}

function worker(each) {
  const has = each.sessions == null ? [] : [counted(each.sessions, "session"), counted(each.links, "link"),
    `${number(each.relayed)} relayed`, `timers ${latency(each.lag)} late`];
  const again = each.restarts ? [`started again ${counted(each.restarts, "time")}`] : [];
  const told = [each.pid ? `process ${each.pid}` : "no process", ...has, ...again];
  return element("li", {}, `Worker ${each.number} `, stateOf(each.state),
    element("br"), element("span", { class: "muted" }, told.join(", ")));
}

/* What operators may do with all of it */

function controls() {
  if (!isOperator()) return element("p", { class: "muted" }, whyNot());
  const level = element("select", {}, LEVELS.map((each) =>
    element("option", { selected: each === "info" }, each)));
  return element("div", { class: "controls" },
    element("button", { type: "button", click: () => ask(reload()) }, "Reload settings"),
    element("label", {}, "Log level ", level),
    element("button", { type: "button", click: () => ask(logLevel(level.value)) }, "Set level"));
}

function reload() {
  return {
    title: "Reload the settings?",
    says: ["The gate reads its file again and applies what differs; sessions that are not concerned feel nothing.",
      "With any error in the file nothing changes, and all errors are shown here."],
    word: "Reload",
    send: () => change("reload"),
    done: () => "The settings are read again.",
  };
}

function logLevel(level) {
  const says = [`From now on the log has what is ${level} or worse, until the gate is started again.`];
  if (level === "debug") says.push("That is much, and slows the gate down under load.");
  return {
    title: `Log at ${level}?`, says, word: "Set level",
    send: () => change("log-level", { level }, "PUT"),
    done: () => `The gate logs at ${level}.`,
  };
}
