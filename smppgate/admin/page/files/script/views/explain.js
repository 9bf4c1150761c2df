import { element } from "../dom.js";
import { explanation } from "../explanation.js";
import { failed } from "../connection.js";
import { read } from "../api.js";

const OCTET = { placeholder: "0" };

export default {
  id: "route",
  title: "Explain a route",
  show(content) {
    const accounts = element("datalist", { id: "known-accounts" });
    const result = element("div", { id: "explanation", role: "region", "aria-label": "Where it would go",
      "aria-live": "polite" });
    content.replaceChildren(
      element("div", { class: "head" }, element("h1", {}, "Explain a route")),
      element("p", { class: "lead" }, "Where the gate would send a message now, and why. The gate's own code decides; nothing is sent."),
      form(accounts, result), accounts, result);
    suggest(accounts);
    return { stop() {}, moved() {} };
  },
};

function form(accounts, result) {
  return element("form", { class: "panel form", submit: (event) => explain(event, result) },
    field("Account (system_id)", "esme", { required: true, list: accounts.id }),
    field("To (destination_addr)", "to", { required: true, inputmode: "tel" }),
    field("From (source_addr)", "from"),
    choice("Command", "command", ["submit_sm", "data_sm"]),
    element("details", {}, element("summary", {}, "More of the message, and a time"),
      element("div", { class: "form" },
        field("source_addr_ton", "source-ton", OCTET),
        field("dest_addr_ton", "destination-ton", OCTET),
        field("data_coding", "data-coding", OCTET),
        field("esm_class", "esm-class", OCTET),
        field("service_type", "service-type", { maxlength: "5" }),
        field("TLVs, such as 0x1400=01,0x1401", "tlv"),
        field("At (ISO 8601)", "at", { placeholder: "now" }))),
    element("div", {}, element("button", { class: "main" }, "Explain")));
}

function field(label, name, more = {}) {
  return element("label", {}, label,
    element("input", { name, autocomplete: "off", spellcheck: "false", ...more }));
}

function choice(label, name, values) {
  return element("label", {}, label,
    element("select", { name }, values.map((value) => element("option", {}, value))));
}

async function suggest(accounts) {
  try {
    const known = await read("accounts");
    accounts.append(...known.map((each) => element("option", { value: each.system_id })));
  } catch (problem) {
    failed(suggest, problem);
  }
}

async function explain(event, result) {
  event.preventDefault();
  const words = Object.fromEntries(new FormData(event.target));
  try {
    result.replaceChildren(explanation(await read("route", words)));
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    result.replaceChildren(element("p", { class: "failure" }, [problem.message, ...problem.errors].join("\n")));
  }
}
