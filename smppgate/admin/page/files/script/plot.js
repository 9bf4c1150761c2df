/* A plot of values over time: lines, or layers on each other. With a pointer or the arrow keys the
   values of one time are read; a table has the same in ten rows. */

import { band, line, linear, minutes, ticks } from "./scale.js";
import { clock } from "./format.js";
import { drawing, element, say } from "./dom.js";

const LEFT = 46, RIGHT = 8, TOP = 8, BOTTOM = 20;
const ROWS = 10;

export class Plot {
  /** `title`, `unit`; `show(value)` says a value, `tick(value)` one of the axis; `isStacked`. */
  constructor(options) {
    this.options = options;
    this.data = { times: [], series: [] };
    this.at = null;
    this.#build();
    this.watch = new ResizeObserver(() => this.#draw());
    this.watch.observe(this.area);
  }

  /** Show `{times, series: [{name, color, values, dash}]}`, the first of a stack lowest. */
  show(data) {
    this.data = data;
    this.#draw();
    if (this.details.open) this.#tabulate();
  }

  #build() {
    const { title, unit } = this.options;
    this.area = element("div", {
      class: "area", tabindex: "0", role: "img",
      pointermove: (event) => this.#point(event), pointerleave: () => this.#look(null),
      keydown: (event) => this.#step(event), blur: () => this.#look(null),
    });
    this.readout = element("ul", { class: "readout" });
    this.spoken = element("p", { class: "hidden", role: "status" });
    this.table = element("div", { tabindex: "0", role: "region", "aria-label": `${title}, table` });
    this.details = element("details", { toggle: () => this.details.open && this.#tabulate() },
      element("summary", {}, "Table", element("span", { class: "hidden" }, ` of ${title}`)),
      this.table);
    this.node = element("figure", { class: "plot" },
      element("h2", {}, title, " ", element("span", { class: "unit" }, unit)),
      this.readout, this.area, this.spoken, this.details);
  }

  get #layers() {
    if (!this.options.isStacked) return this.data.series.map((each) => each.values);
    const sums = this.data.times.map(() => 0);
    return this.data.series.map(({ values }) =>
      values.map((value, place) => (value == null ? null : (sums[place] += value))));
  }

  #draw() {
    const { width, height } = this.area.getBoundingClientRect();
    if (!width) return;
    const { times } = this.data;
    const layers = this.#layers;
    const levels = ticks(Math.max(this.options.least ?? 0, ...layers.flat().filter((v) => v != null)));
    this.x = linear([times[0], times.at(-1)], [LEFT, width - RIGHT]);
    this.y = linear([0, levels.at(-1)], [height - BOTTOM, TOP]);
    const xs = times.map(this.x);
    const shapes = this.options.isStacked ? this.#bands(xs, layers) : this.#lines(xs, layers);
    const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      this.#grid(levels, width), this.#clock(times, width, height), shapes, this.#cursor(xs, height));
    this.area.replaceChildren(svg);
    this.area.setAttribute("aria-label", this.#summary());
    this.#read();
  }

  #grid(levels, width) {
    return levels.flatMap((level) => [
      drawing("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: this.y(level), y2: this.y(level) }),
      drawing("text", { x: LEFT - 6, y: this.y(level) + 4, "text-anchor": "end" }, this.options.tick(level)),
    ]);
  }

  #clock(times, width, height) {
    const room = Math.max(2, Math.floor(width / 90));
    return minutes(times[0], times.at(-1), room).filter((time) => this.x(time) > LEFT + 14)
      .filter((time) => this.x(time) < width - 14).map((time) =>
        drawing("text", { x: this.x(time), y: height - 5, "text-anchor": "middle" },
          clock(time).slice(-8, -3)));
  }

  #lines(xs, layers) {
    return layers.map((values, place) => {
      const { color, dash } = this.data.series[place];
      const ys = values.map((value) => (value == null ? null : this.y(value)));
      return drawing("path", { class: `line series-${color} ${dash ?? ""}`, d: line(xs, ys) });
    });
  }

  #bands(xs, layers) {
    const floor = xs.map(() => this.y(0));
    return layers.map((values, place) => {
      const upper = values.map((value) => (value == null ? null : this.y(value)));
      const below = place ? layers[place - 1].map((value) => this.y(value ?? 0)) : floor;
      const { color } = this.data.series[place];
      return drawing("path", { class: `layer series-${color}`, d: band(xs, below, upper) });
    });
  }

  #cursor(xs, height) {
    if (this.at == null || xs[this.at] == null) return null;
    return drawing("line", { class: "cursor", x1: xs[this.at], x2: xs[this.at], y1: TOP, y2: height - BOTTOM });
  }

  /* Reading values */

  get #last() {
    const { times, series } = this.data;
    const last = times.findLastIndex((_, place) => series.some(({ values }) => values[place] != null));
    return last < 0 ? times.length - 1 : last;
  }

  #point(event) {
    const { times } = this.data;
    if (!times.length || !this.x) return;
    const x = event.clientX - this.area.getBoundingClientRect().left;
    const step = this.x(times[1]) - this.x(times[0]);
    this.#look(Math.min(times.length - 1, Math.max(0, Math.round((x - this.x(times[0])) / step))));
  }

  #step(event) {
    const size = this.data.times.length;
    const from = this.at ?? this.#last;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 30, PageDown: from + 30,
      Home: 0, End: size - 1, Escape: null }[event.key];
    if (to === undefined || !size) return;
    event.preventDefault();
    this.#look(to === null ? null : Math.min(size - 1, Math.max(0, to)));
    say(this.spoken, this.at == null ? "" : this.#said(this.at));
  }

  #look(place) {
    if (place === this.at) return;
    this.at = place;
    this.#draw();
  }

  #read() {
    const place = this.at ?? this.#last;
    const items = this.data.series.map(({ name, color, dash, values }) =>
      element("li", {}, this.#key(color, dash), `${name} ${this.options.show(values[place])}`));
    const when = this.at == null ? "now" : clock(this.data.times[place]);
    this.readout.replaceChildren(element("li", { class: "when" }, when), ...items);
  }

  #key(color, dash) {
    const shape = this.options.isStacked
      ? drawing("rect", { class: `layer series-${color}`, width: 14, height: 10 })
      : drawing("path", { class: `line series-${color} ${dash ?? ""}`, d: "M0 5H14" });
    return drawing("svg", { class: "key", viewBox: "0 0 14 10", "aria-hidden": "true" }, shape);
  }

  #said(place) {
    const values = this.data.series.map((each) => `${each.name} ${this.options.show(each.values[place])}`);
    return `${clock(this.data.times[place])}: ${values.join(", ")}`;
  }

  #summary() {
    const { title, unit, show } = this.options;
    const parts = this.data.series.map(({ name, values }) => {
      const there = values.filter((value) => value != null);
      if (!there.length) return `${name} nothing yet`;
      return `${name} now ${show(values[this.#last])}, ${show(Math.min(...there))} to ${show(Math.max(...there))}`;
    });
    return `Plot of ${title}, ${unit}: ${parts.join("; ")}. Arrow keys read values.`;
  }

  #tabulate() {
    const { times, series } = this.data;
    const step = Math.max(1, Math.floor(times.length / ROWS));
    const rows = [];
    for (let place = this.#last; place >= 0 && rows.length < ROWS; place -= step)
      rows.push(element("tr", {}, element("th", { scope: "row" }, clock(times[place])),
        series.map(({ values }) => element("td", { class: "number" }, this.options.show(values[place])))));
    this.table.replaceChildren(element("table", { class: "slim" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Time"),
        series.map(({ name }) => element("th", { scope: "col", class: "number" }, name)))),
      element("tbody", {}, rows)));
  }
}
