/* The page: its views, who looks at it, and what runs whatever view is shown. */

import { element, say } from "./dom.js";
import { eventLog } from "./event_stream.js";
import { answered, failed } from "./connection.js";
import { here, addressOf } from "./place.js";
import { hour } from "./hour.js";
import { me, recognise } from "./me.js";
import { poll } from "./poll.js";
import { read } from "./api.js";

import accounts from "./views/accounts.js";
import events from "./views/events.js";
import explain from "./views/explain.js";
import gate from "./views/gate.js";
import links from "./views/links.js";
import overview from "./views/overview.js";
import pools from "./views/pools.js";
import queues from "./views/queues.js";
import rewrites from "./views/rewrites.js";
import routes from "./views/routes.js";
import sessions from "./views/sessions.js";
import smscs from "./views/smscs.js";

const GROUPS = [
  [overview],
  [smscs, links, pools, routes, rewrites],
  [accounts, sessions, queues],
  [explain, events, gate],
];
const VIEWS = GROUPS.flat();

const content = document.getElementById("content");
const items = new Map();
let shown = null, running = null, startedAt = null;

/** Show the view of the address; one that is shown already is told of another address. */
function show(isFirst = false) {
  const view = VIEWS.find((each) => each.id === here().view) ?? overview;
  if (view === shown) return running.moved();
  running?.stop();
  shown = view;
  running = view.show(content);
  title();
  for (const [id, link] of items)
    if (id === view.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  items.get(view.id).scrollIntoView({ block: "nearest", inline: "nearest" });
  scrollTo(0, 0);
  if (!isFirst) content.focus({ preventScroll: true });
}

function title(name = document.getElementById("gate-name").textContent) {
  document.title = [shown.title, name, "smppgate"].filter(Boolean).join(" · ");
}

function rail() {
  const entries = GROUPS.flatMap((group, number) => group.map((view, place) => {
    const link = element("a", { href: addressOf(view.id) }, view.title);
    items.set(view.id, link);
    return element("li", number && !place ? { class: "apart" } : {}, link);
  }));
  document.getElementById("views").append(element("ul", {}, entries));
}

async function greet() {
  const state = await read("state");
  if (startedAt && startedAt !== state.started_at) eventLog.restart();
  startedAt = state.started_at;
  say(document.getElementById("gate-name"), state.name);
  say(document.getElementById("who"), [me.user, me.role].filter(Boolean).join(", "));
  title(state.name);
}

/** Ask who looks at the page until the gate says so: views depend on it. */
async function known() {
  for (;;) {
    try {
      await recognise();
      return answered(recognise);
    } catch (problem) {
      failed(recognise, problem);
      if (problem.status === 401 || problem.status === 403) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

// The link to the content is an address too, which is no view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});

rail();
await known();
poll(1, () => hour.refresh(), false);
poll(60, greet);
eventLog.follow();
addEventListener("hashchange", () => show());
show(true);
