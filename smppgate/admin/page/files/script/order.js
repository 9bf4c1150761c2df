/* Which objects a table shows, and in which order. */

const TEXTS = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Those that have every word of `filter` in what is shown of them. */
export function filtered(objects, columns, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return objects;
  return objects.filter((object) => {
    const text = columns.map((column) => column.text(object)).join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** These in the order of a column; those that are equal, or have no value, stay as they came. */
export function sorted(objects, column, isDescending) {
  if (!column) return objects;
  const sign = isDescending ? -1 : 1;
  const values = new Map(objects.map((object) => [object, column.value(object)]));
  return objects.toSorted((one, other) => {
    const [left, right] = [values.get(one), values.get(other)];
    if (left == null || right == null) return (left == null) - (right == null);
    return sign * (typeof left === "number" ? left - right : TEXTS.compare(left, right));
  });
}

/** These in the order that they had when they were shown last, new ones behind. */
export function unmoved(objects, key, former) {
  const places = new Map(former.map((name, place) => [name, place]));
  const place = (object) => places.get(key(object)) ?? former.length;
  return objects.toSorted((one, other) => place(one) - place(other));
}
