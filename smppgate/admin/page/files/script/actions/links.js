import { action } from "./action.js";
import { counted } from "../format.js";

/** What an operator may do with a link. */
export function linkActions(put) {
  const to = (word) => ({
    applies: (link) => link.state !== word, path: (link) => ["links", link.id, word], put,
  });
  return [
    action({ label: "Ready", question: ready, ...to("ready") }),
    action({ label: "Drain", question: drain, ...to("drain") }),
    action({ label: "Maint", question: maint, ...to("maint") }),
  ];
}

function ready(link) {
  return {
    title: `Make ${link.name} ready?`,
    says: ["It takes messages again; if it is not bound, it is bound anew."],
  };
}

function drain(link) {
  return {
    title: `Drain ${link.name}?`,
    says: [
      "It takes no new messages; other links of the SMSC go on.",
      `${counted(link.outstanding, "request")} on it will be answered, and it stays bound.`,
    ],
  };
}

function maint(link) {
  return {
    title: `Take ${link.name} into maintenance?`,
    says: [
      "It takes no new messages; other links of the SMSC go on.",
      `${counted(link.outstanding, "request")} on it are waited for, a minute at the most.`,
      "Then it is unbound, and stays so until it is ready again.",
    ],
  };
}
