import { clock, moment } from "../format.js";
import { element } from "../dom.js";
import { eventLog } from "../event_stream.js";
import { here, remember } from "../place.js";
import { name, words } from "../columns.js";
import { Table } from "../table.js";

const ABOUT = ["account", "smsc", "link", "pool", "user", "peer"];

export default {
  id: "events",
  title: "Events",
  show(content) {
    const table = new Table({
      title: "Events", noun: "event", key: (event) => event.number, actions: null,
      empty: "Nothing has happened yet.", state: here(), keep: (state) => remember("events", state),
      columns: [
        { id: "time", label: "Time", kind: "time", value: (event) => event.number,
          text: (event) => clock(moment(event.time)) },
        words("kind", "Kind"),
        name("text", "What", { kind: "text" }),
        words("about", "About", {
          value: (event) => ABOUT.filter((each) => event[each]).map((each) => `${each} ${event[each]}`).join(", "),
        }),
      ],
    });
    table.head.after(element("p", { class: "lead" },
      "The last 1,000, the newest first. The rows rest while you point at them or are in them."));
    content.replaceChildren(table.node);
    const tell = (events) => table.show(events.toReversed());
    tell(eventLog.events);
    return { stop: eventLog.subscribe(tell), moved: () => table.set(here()) };
  },
};
