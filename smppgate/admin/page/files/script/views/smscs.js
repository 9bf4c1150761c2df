import { answerTime, count, link, name, part, rare, states, words } from "../columns.js";
import { addressOf } from "../place.js";
import { number } from "../format.js";
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
  columns: [
    name("name", "Name"),
    states("state", "State"),
    link("links", "Links", (smsc) => addressOf("links", { filter: smsc.name }), {
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
