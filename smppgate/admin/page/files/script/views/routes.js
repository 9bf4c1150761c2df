import { count, name, words } from "../columns.js";
import { tableView } from "../table_view.js";

export default tableView({
  id: "routes",
  title: "Routes",
  noun: "route",
  path: "routes",
  key: (route) => route.position,
  prepared: (routes) => routes.map((route, place) => ({ ...route, position: place + 1 })),
  lead: "Tried in this order; the first that holds says where a message goes.",
  empty: "There are no routes: each account has its pool.",
  columns: [
    count("position", "Number"),
    name("label", "Route"),
    words("pools", "Pools", { kind: "wide", value: (route) => route.pools.join(", then ") }),
    count("messages", "Messages"),
  ],
});
