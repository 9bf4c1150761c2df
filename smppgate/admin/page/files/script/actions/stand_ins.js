/* Who takes the messages of an SMSC that takes none. */

import { read } from "../api.js";

/** A sentence for each pool that has this SMSC. */
export async function standIns(name) {
  const pools = await read("pools");
  return pools.filter((pool) => pool.members.some((member) => member.name === name))
    .map((pool) => sentence(pool, name));
}

function sentence(pool, name) {
  const able = pool.members.filter((member) => member.name !== name && member.reason === "");
  const first = able.filter((member) => !member.is_backup);
  const named = (first.length ? first : able).map((member) => member.name);
  if (named.length) return `Pool ${pool.name}: ${list(named)} will take its messages.`;
  return { warning: `Pool ${pool.name}: no other member is able. Its messages wait, and are answered with an error when their time is over, unless a route has a fallback.` };
}

function list(names) {
  const most = 6;
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : names;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown[0];
}
