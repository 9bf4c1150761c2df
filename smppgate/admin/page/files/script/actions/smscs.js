import { action } from "./action.js";
import { counted } from "../format.js";
import { element } from "../dom.js";
import { read } from "../api.js";
import { standIns } from "./stand_ins.js";

/** What an operator may do with an SMSC. */
export function smscActions(put) {
  const to = (word) => ({ path: (smsc) => ["smscs", smsc.name, word], put });
  return [
    action({ label: "Ready", applies: (smsc) => smsc.state !== "ready", question: ready, ...to("ready") }),
    action({ label: "Drain", applies: (smsc) => smsc.state !== "drain", question: drain, ...to("drain") }),
    action({ label: "Maint", applies: (smsc) => smsc.state !== "maint", question: maint, ...to("maint") }),
    action({ label: "Weight", question: weight, ...to("weight"), body: weightOf }),
    action({ label: "End ejection", question: endEjection, ...to("end-ejection"),
      applies: (smsc) => smsc.ejected ?? false }),
  ];
}

function ready(smsc) {
  return {
    title: `Make ${smsc.name} ready?`,
    says: ["It takes messages again, by its weight.", "Links that are not bound are bound anew."],
  };
}

async function drain(smsc) {
  return {
    title: `Drain ${smsc.name}?`,
    says: [
      "It takes no new messages.",
      `${counted(smsc.outstanding, "request")} that it has will be answered; receipts and queries still flow.`,
      smsc.state === "maint" ? "Its links are bound for that." : "Its links stay bound.",
      ...(await standIns(smsc.name)),
    ],
  };
}

async function maint(smsc) {
  return {
    title: `Take ${smsc.name} into maintenance?`,
    says: [
      "It takes no new messages.",
      `${counted(smsc.outstanding, "request")} that it has are waited for, a minute at the most.`,
      `Then ${counted(smsc.links.up, "link")} will be unbound, and stay so until it is ready again: no receipts come meanwhile.`,
      ...(await standIns(smsc.name)),
    ],
  };
}

async function weight(smsc) {
  const pools = (await read("pools")).filter((pool) => pool.members.some((m) => m.name === smsc.name));
  return {
    title: `Change the weight of ${smsc.name}?`,
    says: [
      "Its share of new messages changes at once; the links stay as they are.",
      `It holds in all its pools${pools.length ? ` (${pools.map((pool) => pool.name).join(", ")})` : ""}, until it is changed here or in the file.`,
      "With 0 it takes no new messages. Without a number the weights of the file hold again.",
    ],
    fields: [element("label", { class: "field" }, "Weight",
      element("input", { name: "weight", type: "number", min: "0", max: "256", step: "1", inputmode: "numeric",
        value: smsc.weight }))],
    told: `The weight of ${smsc.name} is changed.`,
  };
}

function weightOf(form) {
  const { value } = form.elements.weight;
  return { weight: value === "" ? null : Number(value) };
}

function endEjection(smsc) {
  return {
    title: `End the ejection of ${smsc.name}?`,
    says: ["It takes messages again at once in all pools that have ejected it.",
      "If it is still ill, it will be ejected again, for longer."],
  };
}
