import { count, name, words } from "../columns.js";
import { tableView } from "../table_view.js";

export default tableView({
  id: "rewrites",
  title: "Rules",
  noun: "rule",
  path: "rewrites",
  key: (rule) => rule.position,
  prepared: (rules) => rules.map((rule, place) => ({ ...rule, position: place + 1 })),
  lead: "Applied in this order to each message for which they hold.",
  empty: "There are no rules: messages go as they come.",
  columns: [
    count("position", "Number"),
    name("label", "Rule"),
    words("applies_to", "Applies to"),
    count("messages", "Messages"),
  ],
});
