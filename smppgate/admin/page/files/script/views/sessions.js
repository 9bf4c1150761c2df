import { count, name, rare, states, time, words, worker } from "../columns.js";
import { sessionActions } from "../actions/sessions.js";
import { tableView } from "../table_view.js";

const limited = { rate: "rate of its account", session_rate: "its rate" };

export default tableView({
  id: "sessions",
  title: "Sessions",
  noun: "session",
  path: "sessions",
  key: (session) => session.id,
  lead: "ESMEs that are bound.",
  empty: "No ESME is bound.",
  actions: sessionActions,
  columns: [
    name("account", "Account"),
    words("peer", "Peer"),
    words("bind", "Bind"),
    words("version", "Version"),
    time("since", "Bound since"),
    count("open", "Open from it"),
    count("outstanding", "Open to it"),
    states("writable", "Reads", (session) => (session.writable ? "reading" : "not reading")),
    rare("tokens", "Tokens"),
    words("limited_by", "Held by", { value: (session) => limited[session.limited_by] ?? "" }),
    worker(),
  ],
});
