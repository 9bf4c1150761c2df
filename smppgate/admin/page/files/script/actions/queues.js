import { action } from "./action.js";
import { counted } from "../format.js";

/** What an operator may do with a queue. */
export function queueActions(put) {
  const to = (word) => ({ path: (queue) => ["queues", queue.system_id, word], put });
  const isFilled = (queue) => queue.queued > 0;
  return [
    action({ label: "Retry", applies: isFilled, question: retry, ...to("retry") }),
    action({ label: "Drop", applies: isFilled, question: drop, ...to("drop") }),
  ];
}

function retry(queue) {
  return {
    title: `Try the queue of ${queue.system_id} again?`,
    says: [`${counted(queue.queued, "message")} will be sent now to its sessions that can receive, if there are any, without waiting for the next try.`],
  };
}

function drop(queue) {
  return {
    title: `Drop the queue of ${queue.system_id}?`,
    says: [
      `${counted(queue.queued, "message")} will be deleted, and never delivered.`,
      { warning: "This cannot be undone: their senders have been told that they were taken." },
    ],
    word: `Drop ${counted(queue.queued, "message")}`,
    isDanger: true,
  };
}
