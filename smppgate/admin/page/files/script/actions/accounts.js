import { action } from "./action.js";
import { counted } from "../format.js";
import { nowField, isNow } from "./kick.js";

/** What an operator may do with an account. */
export function accountActions(put) {
  const to = (word) => ({ path: (account) => ["accounts", account.system_id, word], put });
  return [
    action({ label: "Open", applies: (account) => account.state !== "ready", question: open, ...to("open") }),
    action({ label: "Close", applies: (account) => account.state === "ready", question: close, ...to("close") }),
    action({ label: "Kick", applies: (account) => account.sessions > 0, question: kick, ...to("kick"),
      body: isNow }),
  ];
}

function open(account) {
  return { title: `Open ${account.system_id}?`, says: ["Its binds are accepted again."] };
}

function close(account) {
  return {
    title: `Close ${account.system_id}?`,
    says: [
      "No new bind of it is accepted.",
      `${counted(account.sessions, "session")} that it has will go on; Kick unbinds them.`,
    ],
  };
}

function kick(account) {
  return {
    title: `Kick ${account.system_id}?`,
    says: [
      `${counted(account.sessions, "session")} will be unbound, each when its open requests are answered, after a minute at the latest.`,
      account.state === "ready"
        ? "It may bind again at once: close it first if it should not."
        : "It is closed, and cannot bind again until it is opened.",
    ],
    fields: [nowField()],
    isDanger: true,
  };
}
