/* Actions on a row: a button's label, for whom it applies, and the question it asks. */

import { ask } from "../dialog.js";
import { change } from "../api.js";

/** An action of the API.

`question(object)` gives what `ask` takes but for sending; it may read from the gate first. `path`
and `body(form)` are what is sent; `put(object)` is told what it is afterwards. */
export function action({ label, applies = () => true, question, path, body = () => undefined, put }) {
  return {
    label,
    applies,
    async ask(object) {
      const asked = await question(object);
      ask({
        word: label,
        ...asked,
        send: async (form) => {
          const now = await change(path(object), body(form));
          if (now && put) put(now);
          return now;
        },
        done: () => asked.told ?? `${asked.title.replace("?", "")}: done`,
      });
    },
  };
}
