/* Elements. Whatever comes from the gate becomes a text node or an attribute: markup in a name is
   shown and never read. */

const SVG = "http://www.w3.org/2000/svg";

/** A new element. Attributes with a function listen, with `true` are there, with `false` are not. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** A new element of SVG. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** Give a node another text. One that has it already is left alone. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A part of a view, below a title of its own. */
export function panel(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), content);
}

/** A state in its words, with the shape of its kind: good, change, off or bad. */
export function state(word, kind = kindOf(word)) {
  return element("span", { class: "state", "data-kind": kind }, word);
}

const KINDS = {
  ready: "good", bound: "good", up: "good", reading: "good",
  drain: "change", waiting: "change", connecting: "change", unbinding: "change", starting: "change", stopping: "change",
  maint: "off", closed: "off",
};

function kindOf(word) {
  return KINDS[word] ?? "bad";
}
