import { count, name, part, rare, states, words } from "../columns.js";
import { duration, octets } from "../format.js";
import { element, state } from "../dom.js";
import { tableView } from "../table_view.js";

export default tableView({
  id: "pools",
  title: "Pools",
  noun: "pool",
  path: "pools",
  key: (pool) => pool.name,
  lead: "SMSCs that share messages; who waits for one waits here.",
  empty: "No pool is configured.",
  columns: [
    name("name", "Name"),
    states("is_up", "State", (pool) => (pool.is_up ? "up" : "down")),
    words("balance", "Balance"),
    words("members", "Members", {
      kind: "text",
      value: (pool) => pool.members.map(said).join(", "),
      draw: (pool) => element("span", { class: "members" },
        pool.members.map((each) => state(said(each), kind(each)))),
    }),
    part("utilization", "In use"),
    count("waiting", "Waiting"),
    rare("waiting_seconds", "Oldest", { show: duration }),
    rare("waiting_octets", "Memory", { show: octets }),
    rare("retries", "Retries", { unit: "10 s" }),
    rare("retries_refused", "Not retried", { unit: "10 s" }),
  ],
});

function said(member) {
  const parts = [`weight ${member.weight}`];
  if (member.is_backup) parts.push("backup");
  if (member.reason) parts.push(member.reason);
  else if (!member.is_active) parts.push("not in use");
  if (member.ejected_for > 0) parts.push(`for ${duration(Math.ceil(member.ejected_for))} more`);
  if (member.slow_start < 1) parts.push(`slow start at ${Math.round(member.slow_start * 100)} %`);
  return `${member.name} (${parts.join(", ")})`;
}

function kind(member) {
  if (member.is_active) return "good";
  if (member.reason === "" || member.reason === "drain") return "change";
  return member.reason === "maint" || member.reason.startsWith("weight") ? "off" : "bad";
}
