/* A row of a table: made once, then only what has changed in it is touched. */

import { element, say } from "./dom.js";

export class Row {
  constructor(columns, actions) {
    this.columns = columns;
    this.actions = actions;
    this.texts = [];
    this.offered = null;
    this.cells = columns.map((column) => this.#cell(column));
    this.buttons = actions ? element("td", { class: "actions", role: "cell" }) : null;
    this.node = element("tr", { role: "row" }, this.cells, this.buttons);
  }

  /** Show this object. */
  show(object) {
    this.object = object;
    this.columns.forEach((column, place) => {
      const text = column.text(object);
      if (text === this.texts[place]) return;
      this.texts[place] = text;
      this.#fill(this.cells[place], column, object, text);
    });
    if (this.actions) this.#offer(object);
  }

  #cell(column) {
    if (column.isName) return element("th", { scope: "row", role: "rowheader", class: column.kind });
    return element("td", { class: column.kind, role: "cell", "data-label": column.label });
  }

  #fill(cell, column, object, text) {
    cell.classList.toggle("blank", text === "");
    if (column.draw) cell.replaceChildren(column.draw(object, text));
    else say(cell, text);
  }

  #offer(object) {
    const offered = this.actions.filter((action) => action.applies(object));
    const labels = offered.map((action) => action.label).join();
    if (labels === this.offered) return;
    this.offered = labels;
    const name = this.columns.find((column) => column.isName).text(object);
    this.buttons.replaceChildren(...offered.map((action) =>
      element("button", { type: "button", "aria-label": `${action.label} ${name}`,
        click: () => action.ask(this.object) }, action.label)));
  }
}
