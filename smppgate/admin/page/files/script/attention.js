/* What an operator should look at: SMSCs, links and pools that are not as they should be. */

import { addressOf } from "./place.js";
import { counted, duration } from "./format.js";
import { element, state } from "./dom.js";

const MOST = 8;

/** The items to show for these lists of the API, the worst first. */
export function attention({ smscs, links, pools }) {
  return [...pools.flatMap(ofPool), ...smscs.flatMap(ofSmsc), ...ofLinks(links)];
}

/** A list of them; a sentence when there is nothing. */
export function attentionList(items, { smscs, links }) {
  if (!items.length) {
    const bound = counted(links.length, "link");
    return [element("li", {}, state(`All well: ${counted(smscs.length, "SMSC")} ready, ${bound} bound`, "good"))];
  }
  const shown = items.slice(0, MOST).map(({ kind, text, href, more }) =>
    element("li", {}, element("a", { href }, state(text, kind)), more ? ` ${more}` : ""));
  const left = items.length - shown.length;
  return left ? [...shown, element("li", { class: "muted" }, `and ${left} more`)] : shown;
}

function ofPool(pool) {
  const href = addressOf("pools", { filter: pool.name });
  if (!pool.is_up)
    return [{ kind: "bad", text: `pool ${pool.name} is down`, href, more: "none of its SMSCs is able" }];
  return pool.members.filter((member) => member.ejected_for > 0).map((member) => ({
    kind: "bad", text: `${member.name} is ejected from pool ${pool.name}`, href,
    more: `for ${duration(Math.ceil(member.ejected_for))} more`,
  }));
}

function ofSmsc(smsc) {
  const href = addressOf("smscs", { filter: smsc.name });
  if (smsc.state !== "ready") {
    const open = smsc.state === "drain" ? `${counted(smsc.outstanding, "request")} still open` : "";
    const kind = smsc.state === "drain" ? "change" : "off";
    return [{ kind, text: `${smsc.name} is in ${smsc.state}`, href, more: open }];
  }
  if (smsc.links.all && !smsc.links.up)
    return [{ kind: "bad", text: `${smsc.name} is down`, href, more: "no link is bound" }];
  return smsc.weight === 0 ? [{ kind: "off", text: `${smsc.name} has weight 0`, href, more: "" }] : [];
}

function ofLinks(links) {
  return links.filter((link) => link.state === "ready" && link.condition !== "bound").map((link) => ({
    kind: "bad", text: `link ${link.name} is ${link.condition}`,
    href: addressOf("links", { filter: link.name }), more: link.last_error,
  }));
}
