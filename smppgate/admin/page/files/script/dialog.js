/* A question before something is changed: what will happen, then a button that says it in a word. */

import { announce } from "./announce.js";
import { element } from "./dom.js";

/** Ask, and do `send(form)` if the answer is yes.

`says` are sentences, or `{warning}`; `fields` elements of the form; `done(answer)` gives what is
announced. What the gate says against it stands in the dialog, which stays. */
export function ask({ title, says, fields = [], word, isDanger = false, send, done }) {
  const failure = element("p", { class: "failure", role: "alert" });
  const yes = element("button", { class: isDanger ? "main danger" : "main" }, word);
  const no = element("button", { type: "button", click: () => dialog.close() }, "Cancel");
  const form = element("form", { method: "dialog", submit: (event) => attempt(event) },
    element("h2", { id: "question" }, title),
    element("ul", { id: "consequences" }, says.map(sentence)),
    fields, failure, element("div", { class: "buttons" }, no, yes));
  const dialog = element("dialog", { "aria-labelledby": "question",
    "aria-describedby": "consequences", close: () => dialog.remove() }, form);

  async function attempt(event) {
    event.preventDefault();
    yes.disabled = true;
    failure.replaceChildren();
    try {
      const told = done(await send(form));
      dialog.close();
      announce(told);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      failure.replaceChildren([problem.message, ...problem.errors].join("\n"));
    } finally {
      yes.disabled = false;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  // What changes nothing is what a key pressed too soon should meet, but for a field to fill in.
  (form.querySelector("input:not([type=checkbox])") ?? no).focus();
}

function sentence(said) {
  return said.warning ? element("li", { class: "warning" }, said.warning) : element("li", {}, said);
}
