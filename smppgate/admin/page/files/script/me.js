/* Who looks at the page, and what that user may do. */

import { read } from "./api.js";

export const me = { user: "", role: "" };

/** Ask the gate. */
export async function recognise() {
  Object.assign(me, await read("me"));
}

/** Whether this user may change things. */
export function isOperator() {
  return me.role === "operator";
}

/** Why there are no buttons, for those who have none. */
export function whyNot() {
  const who = me.user ? `${me.user} is a ${me.role}` : `You are a ${me.role}`;
  return `${who}: changes are for operators.`;
}
