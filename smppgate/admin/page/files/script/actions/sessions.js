import { action } from "./action.js";
import { counted } from "../format.js";
import { nowField, isNow } from "./kick.js";

/** What an operator may do with a session. */
export function sessionActions() {
  return [
    action({ label: "Kick", question: kick, path: (session) => ["sessions", session.id, "kick"],
      body: isNow }),
  ];
}

function kick(session) {
  return {
    title: `Kick the session of ${session.account} from ${session.peer}?`,
    says: [
      `It is unbound when ${counted(session.open, "request")} of it will be answered, after a minute at the latest.`,
      "The ESME may bind again at once, unless its account is closed.",
    ],
    fields: [nowField()],
    isDanger: true,
  };
}
