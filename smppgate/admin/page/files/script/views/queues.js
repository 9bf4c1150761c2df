import { count, name, rare } from "../columns.js";
import { queueActions } from "../actions/queues.js";
import { tableView } from "../table_view.js";

export default tableView({
  id: "queues",
  title: "Queues",
  noun: "queue",
  path: "queues",
  key: (queue) => queue.system_id,
  lead: "Messages that wait for their ESME, and what became of others since the gate started.",
  empty: "No account has a queue.",
  actions: queueActions,
  columns: [
    name("system_id", "Account"),
    count("queued", "Queued"),
    count("delivered", "Delivered"),
    rare("refused", "Refused, full"),
    rare("expired", "Expired"),
    rare("dropped", "Dropped"),
  ],
});
