/* A table that sorts, filters and has pages, and is shown anew in place: who has the focus keeps it,
   and while a row has the focus or the pointer the rows stay where they are. */

import { announce } from "./announce.js";
import { counted, number } from "./format.js";
import { element, say } from "./dom.js";
import { filtered, sorted, unmoved } from "./order.js";
import { Row } from "./row.js";

const PAGE = 50; // rows

export class Table {
  /** `title`, `noun` of a row, `key(object)`, `columns`, `actions` or null, `empty` (a sentence);
  `state` has its filter, sort column and direction, and `keep(state)` is told of another. */
  constructor(options) {
    Object.assign(this, { page: 0, objects: [], rows: new Map(), order: [] }, options);
    this.isRead = false;
    this.#build();
    this.#arrange([]);
  }

  /** Show these objects. */
  show(objects) {
    this.isRead = true;
    this.objects = objects;
    this.node.classList.toggle("of-one", !objects.some((object) => object.worker));
    this.#render();
  }

  /** Show another state of one of them, as the answer to a change has it. */
  put(object) {
    const key = this.key(object);
    this.show(this.objects.map((each) => (this.key(each) === key ? object : each)));
  }

  /** Show another filter or order, as the address of the page has it. */
  set(state) {
    this.state = state;
    this.field.value = state.filter;
    this.page = 0;
    if (this.isRead) this.#render(true);
  }

  /* Building */

  #build() {
    this.field = element("input", { type: "search", value: this.state.filter, spellcheck: "false",
      autocomplete: "off", input: () => this.#change({ filter: this.field.value }) });
    this.count = element("p", { class: "count" });
    this.head = element("div", { class: "head" }, element("h1", {}, this.title), this.count,
      element("label", { class: "filter" }, "Filter", this.field));
    this.body = element("tbody", { role: "rowgroup" });
    this.frame = element("div", { class: "frame", tabindex: "0", role: "region",
      "aria-label": `Table of ${this.title}` },
      element("table", { role: "table", "aria-label": this.title },
        element("thead", { role: "rowgroup" },
          element("tr", { role: "row" }, this.#headers())), this.body));
    this.node = element("div", { class: "view" }, this.head, this.frame, this.#pages());
  }

  #headers() {
    this.headers = new Map(this.columns.map((column) => [column.id, this.#header(column)]));
    const last = this.actions
      ? element("th", { scope: "col", role: "columnheader", class: "actions" },
          element("span", {}, element("span", { class: "hidden" }, "Actions")))
      : null;
    return [...this.headers.values(), last];
  }

  #header(column) {
    const unit = column.unit ? element("span", { class: "unit" }, ` ${column.unit}`) : null;
    return element("th", { scope: "col", role: "columnheader", class: column.kind },
      element("button", { type: "button", click: () => this.#sort(column) }, column.label, unit));
  }

  #pages() {
    const button = (text, step) =>
      element("button", { type: "button", click: () => this.#turn(step) }, text);
    this.back = button("Previous", -1);
    this.on = button("Next", 1);
    this.range = element("span");
    this.pages = element("nav", { class: "pages", "aria-label": `Pages of ${this.title}`, hidden: true },
      this.back, this.range, this.on);
    return this.pages;
  }

  /* What people do */

  #change(state) {
    this.state = { ...this.state, ...state };
    this.page = 0;
    this.keep(this.state);
    if (!this.isRead) return;
    this.#render(true);
    announce(`${counted(this.shown, this.noun)} shown`);
  }

  #sort(column) {
    const { sort, isDescending } = this.state;
    const again = sort === column.id;
    this.#change({ sort: column.id, isDescending: again ? !isDescending : column.kind.startsWith("number") });
  }

  #turn(step) {
    this.page += step;
    this.#render(true);
    this.frame.scrollTop = 0;
    announce(this.range.textContent);
  }

  /* Showing */

  #render(isAsked = false) {
    const found = filtered(this.objects, this.columns, this.state.filter);
    const objects = this.#ordered(found, isAsked);
    this.shown = objects.length;
    this.order = objects.map(this.key);
    this.page = Math.max(0, Math.min(this.page, Math.ceil(objects.length / PAGE) - 1));
    this.#place(objects.slice(this.page * PAGE, (this.page + 1) * PAGE));
    this.#tell(objects.length);
  }

  #ordered(objects, isAsked) {
    if (!isAsked && this.#isInUse) return unmoved(objects, this.key, this.order);
    const column = this.columns.find(({ id }) => id === this.state.sort);
    return sorted(objects, column, this.state.isDescending);
  }

  get #isInUse() {
    return this.body.matches(":hover") || this.body.contains(document.activeElement);
  }

  #place(objects) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    const rows = new Map();
    for (const object of objects) {
      const key = this.key(object);
      const row = this.rows.get(key) ?? new Row(this.columns, this.actions);
      row.show(object);
      rows.set(key, row);
    }
    for (const [key, row] of this.rows) if (!rows.has(key)) row.node.remove();
    this.rows = rows;
    this.#arrange([...rows.values()].map((row) => row.node));
    if (focused && document.activeElement !== focused)
      (focused.isConnected ? focused : this.frame).focus({ preventScroll: true });
  }

  #arrange(nodes) {
    const wanted = nodes.length ? nodes : [this.#nothing()];
    if (nodes.length) this.note?.remove();
    wanted.forEach((node, place) => {
      if (this.body.children[place] !== node)
        this.body.insertBefore(node, this.body.children[place] ?? null);
    });
  }

  #nothing() {
    const none = this.objects.length ? "Nothing has these words." : this.empty;
    this.note ??= element("tr", { role: "row" }, element("td", { class: "empty", role: "cell",
      colspan: this.columns.length + (this.actions ? 1 : 0) }));
    say(this.note.firstChild, this.isRead ? none : "Reading …");
    return this.note;
  }

  #tell(count) {
    const all = this.objects.length;
    say(this.count, count === all ? counted(all, this.noun) : `${number(count)} of ${counted(all, this.noun)}`);
    const first = this.page * PAGE + 1, last = Math.min(count, first + PAGE - 1);
    say(this.range, `${number(first)} to ${number(last)} of ${number(count)}`);
    this.pages.hidden = count <= PAGE;
    this.back.disabled = this.page === 0;
    this.on.disabled = last >= count;
    for (const [id, header] of this.headers) this.#mark(id, header);
  }

  #mark(id, header) {
    if (id === this.state.sort)
      header.setAttribute("aria-sort", this.state.isDescending ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  }
}
