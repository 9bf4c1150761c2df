import { count, name, states, time, words, worker } from "../columns.js";
import { linkActions } from "../actions/links.js";
import { state } from "../dom.js";
import { tableView } from "../table_view.js";

export default tableView({
  id: "links",
  title: "Links",
  noun: "link",
  path: "links",
  key: (link) => link.id,
  lead: "Sessions with SMSCs.",
  empty: "No link is configured.",
  actions: linkActions,
  columns: [
    name("name", "Name"),
    words("condition", "Session", {
      draw: (link, text) => state(text, link.state === "maint" ? "off" : undefined),
    }),
    states("state", "State"),
    time("since", "Bound since"),
    count("outstanding", "Open to it"),
    count("open", "Open from it"),
    worker(),
    words("endpoint", "Endpoint", { kind: "wide" }),
    words("last_error", "Last error", { kind: "text" }),
  ],
});
