/* What `GET /route` tells, for reading. */

import { element, state } from "./dom.js";
import { phrase } from "./format.js";

/** The conclusion, then the rules, the routes that were tried, the pools. */
export function explanation(told) {
  return element("div", { class: "explained" },
    element("section", { class: "panel" }, element("h2", {}, conclusion(told)),
      element("p", { class: "muted" }, told.decided_by)),
    rules("Rules", told.rewrites),
    told.routes.length ? element("section", { class: "panel" }, element("h2", {}, "Routes, in order"),
      element("ol", {}, told.routes.map(route))) : null,
    told.pools.map(pool), rules(`Rules for ${told.smsc}`, told.smsc_rewrites));
}

function rules(title, told) {
  return told.length ? element("section", { class: "panel" }, element("h2", {}, title),
    element("ol", {}, told.map(rule))) : null;
}

function rule({ rule: label, holds, reasons, changes }) {
  return element("li", {}, `${label} `, state(holds ? "holds" : "does not hold", holds ? "good" : "off"),
    Object.entries(reasons).map(([key, reason]) =>
      element("div", { class: "muted" }, `${phrase(key)}: ${reason}`)),
    changes.map(({ field, before, after }) =>
      element("div", { class: "muted" }, `${field}: ${before || "none"} → ${after || "none"}`)));
}

function conclusion(told) {
  if (told.smsc) return state(`To SMSC ${told.smsc}${told.pool ? `, by pool ${told.pool}` : ""}`, "good");
  if (told.status != null) {
    const why = told.fault ? `Rewritten wrongly, ${told.fault}` : told.route ? `Rejected by route ${told.route}` : "No route holds";
    const code = `0x${told.status.toString(16).toUpperCase().padStart(2, "0")}`;
    return state(`${why}: answered ${code} (${told.status_name})`, "bad");
  }
  return state("No SMSC now: the message waits for one", "change");
}

function route({ route: label, holds, reasons }) {
  return element("li", {}, `${label} `, state(holds ? "holds" : "does not hold", holds ? "good" : "off"),
    Object.entries(reasons).map(([key, reason]) =>
      element("div", { class: "muted" }, `${phrase(key)}: ${reason}`)));
}

function pool({ pool: name, is_in_use, members }) {
  return element("section", { class: "panel" },
    element("h2", {}, `Pool ${name} `, state(is_in_use ? "in use" : "not in use", is_in_use ? "good" : "off")),
    element("ul", { class: "plain" }, members.map((member) => element("li", {},
      state(member.smsc, member.is_chosen ? "good" : "off"),
      element("span", { class: "muted" }, ` weight ${member.weight}, `),
      member.is_chosen ? "is chosen" : member.reason))));
}
