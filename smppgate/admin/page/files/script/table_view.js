/* A view that is one table: read from the API every few seconds. */

import { here, remember } from "./place.js";
import { element } from "./dom.js";
import { isOperator, whyNot } from "./me.js";
import { poll } from "./poll.js";
import { read } from "./api.js";
import { Table } from "./table.js";

const EVERY = 2; // seconds

/** A view of objects of the API.

`path` of the list, `key(object)`, `columns`, `actions(put)` or nothing, `lead` (a sentence),
`prepared(objects)` where they need more than the API says. */
export function tableView(view) {
  const { id, title, noun, path, key, columns, actions, lead, empty } = view;
  const prepared = view.prepared ?? ((objects) => objects);
  return {
    id,
    title,
    show(content) {
      const table = new Table({
        title, noun, key, columns, empty, state: here(),
        actions: actions && isOperator() ? actions((object) => table.put(object)) : null,
        keep: (state) => remember(id, state),
      });
      const said = [lead, actions && !isOperator() ? whyNot() : ""].filter(Boolean).join(" ");
      table.head.after(said ? element("p", { class: "lead" }, said) : "");
      content.replaceChildren(table.node);
      const stop = poll(EVERY, async () => table.show(prepared(await read(path))));
      return { stop, moved: () => table.set(here()) };
    },
  };
}
