import { answerTime, count, link, name, part, rare, states, words } from "../columns.js";
import { addressOfNamed } from "../place.js";
import { number } from "../format.js";
import { read } from "../api.js";
import { smscActions } from "../actions/smscs.js";
import { tableView } from "../table_view.js";

const limited = { rate: "its rate", adaptive_rate: "throttling", link_rate: "rate of its links" };

export default tableView({
  id: "smscs",
  title: "SMSCs",
  noun: "SMSC",
  path: "smscs",
  key: (smsc) => smsc.name,
  lead: "Message centers, and what they were sent since the gate started.",
  empty: "No SMSC is configured.",
  actions: smscActions,
  prepared: withEjections,
  columns: [
    name("name", "Name"),
    states("condition", "State", condition),
    link("links", "Links", (smsc) => addressOfNamed("links", smsc.name), {
      value: (smsc) => smsc.links.up - smsc.links.all + smsc.links.up / 1e6,
      text: (smsc) => `${smsc.links.up} of ${smsc.links.all}`,
    }),
    count("weight", "Weight"),
    part("utilization", "Open", {
      unit: "of room", text: (s) => `${number(s.outstanding)} / ${number(s.capacity)}`,
    }),
    answerTime("latency", "Latency"),
    count("taken", "Taken"),
    rare("refused", "Refused"),
    rare("timed_out", "Timed out"),
    rare("lost", "Lost"),
    rare("errors", "Errors", { unit: "10 s" }),
    words("limited_by", "Held by", { value: (smsc) => limited[smsc.limited_by] ?? "" }),
  ],
});

/** Which of them are ejected is known to pools. */
async function withEjections(smscs) {
  const members = (await read("pools")).flatMap((pool) => pool.members);
  const ejected = new Set(members.filter((each) => each.ejected_for > 0).map((each) => each.name));
  return smscs.map((smsc) => ({ ...smsc, ejected: ejected.has(smsc.name) }));
}

function condition(smsc) {
  if (smsc.state !== "ready") return smsc.state;
  if (smsc.links.all && !smsc.links.up) return "down";
  return smsc.ejected ? "ejected" : "ready";
}
