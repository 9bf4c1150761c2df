import { accountActions } from "../actions/accounts.js";
import { count, link, name, rare, states, words } from "../columns.js";
import { addressOf } from "../place.js";
import { number } from "../format.js";
import { tableView } from "../table_view.js";

const perSecond = (rate) => (rate ? number(rate) : "any");

export default tableView({
  id: "accounts",
  title: "Accounts",
  noun: "account",
  path: "accounts",
  key: (account) => account.system_id,
  lead: "What ESMEs bind as.",
  empty: "No account is configured.",
  actions: accountActions,
  columns: [
    name("system_id", "system_id"),
    states("state", "State"),
    words("pool", "Pool"),
    link("sessions", "Sessions", (a) => addressOf("sessions", { filter: a.system_id }), {
      text: (a) => number(a.sessions) + (a.max_binds ? ` of ${number(a.max_binds)}` : ""),
    }),
    count("window", "Window"),
    count("rate", "Rate", { unit: "msg/s", show: perSecond }),
    rare("waiting", "Waiting"),
    rare("over_rate", "Over rate"),
    count("queued", "Queued"),
  ],
});
