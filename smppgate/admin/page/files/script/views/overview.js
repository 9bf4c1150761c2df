import { addressOf } from "../place.js";
import { attention, attentionList } from "../attention.js";
import { clock, moment } from "../format.js";
import { element, panel, say } from "../dom.js";
import { eventLog } from "../event_stream.js";
import { figures, overviewPlots } from "../overview_plots.js";
import { hour } from "../hour.js";
import { poll } from "../poll.js";
import { read } from "../api.js";

const SPANS = [[300, "5 min"], [900, "15 min"], [3600, "1 h"]];
const EVENTS = 6;
const FIGURES = [
  ["messages", "Throughput", "msg/s"], ["latency", "Latency", ""], ["errors", "Errors", ""],
  ["receipts", "Receipts", "/s"], ["waiting", "Waiting", "msg"], ["pools", "Pools up", ""],
  ["smscs", "SMSCs up", ""], ["links", "Links bound", ""],
];

let seconds = 300;

export default {
  id: "overview",
  title: "Overview",
  show(content) {
    const now = Object.fromEntries(FIGURES.map(([id]) => [id, element("span", {}, "–")]));
    const plots = overviewPlots();
    const look = element("ul", { class: "plain" });
    const events = element("ul", { class: "plain" });
    const draw = () => {
      if (document.hidden) return;
      plots.show(hour, seconds);
      for (const [id, text] of Object.entries(figures(hour))) say(now[id], text);
    };
    content.replaceChildren(
      element("div", { class: "head" }, element("h1", {}, "Overview"), spans(draw)),
      element("dl", { class: "figures" }, FIGURES.map(([id, label, unit]) => figure(label, now[id], unit))),
      element("div", { class: "panels" },
        panel("Needs attention", look),
        panel("Last events", events, element("a", { href: addressOf("events") }, "All events"))),
      element("h2", { class: "hidden" }, "Plots"),
      element("div", { class: "plots" }, plots.nodes),
    );
    const tell = (all) => events.replaceChildren(...all.slice(-EVENTS).toReversed().map(told));
    tell(eventLog.events);
    const timer = setInterval(draw, 1000);
    draw();
    const stops = [
      () => clearInterval(timer),
      eventLog.subscribe(tell),
      poll(2, async () => showState(await lists(), now, look)),
    ];
    return { stop: () => stops.forEach((stop) => stop()), moved() {} };
  },
};

function spans(draw) {
  return element("fieldset", { class: "choice" }, element("legend", { class: "hidden" }, "Time shown"),
    SPANS.map(([span, label]) => element("label", {},
      element("input", { type: "radio", name: "span", checked: span === seconds,
        change: () => { seconds = span; draw(); } }),
      element("span", {}, label))));
}

function figure(label, value, unit) {
  return element("div", {}, element("dt", {}, label),
    element("dd", {}, value, unit ? element("span", { class: "unit" }, unit) : null));
}

async function lists() {
  const [smscs, links, pools] = await Promise.all(["smscs", "links", "pools"].map((each) => read(each)));
  return { smscs, links, pools };
}

function showState(state, now, look) {
  const { smscs, links, pools } = state;
  say(now.pools, `${pools.filter((pool) => pool.is_up).length} of ${pools.length}`);
  const up = smscs.filter((smsc) => smsc.state === "ready" && (smsc.links.up || !smsc.links.all));
  say(now.smscs, `${up.length} of ${smscs.length}`);
  say(now.links, `${links.filter((link) => link.condition === "bound").length} of ${links.length}`);
  const items = attention(state);
  const signature = JSON.stringify(items);
  if (look.dataset.shown === signature) return;
  look.dataset.shown = signature;
  look.replaceChildren(...attentionList(items, state));
}

function told(event) {
  return element("li", {}, element("time", {}, clock(moment(event.time))), event.text);
}
