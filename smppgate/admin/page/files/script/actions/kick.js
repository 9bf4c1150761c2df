import { element } from "../dom.js";

/** Whether to wait for open requests. */
export function nowField() {
  return element("label", { class: "check" }, element("input", { type: "checkbox", name: "now" }),
    "Now, without waiting: open requests get no answer");
}

/** What the API takes of it. */
export function isNow(form) {
  return { now: form.elements.now.checked };
}
