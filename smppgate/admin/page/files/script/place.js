/* Where in the page one is: `#/links?filter=alpha&sort=name`. */

/** The view of the address, and the state of its table. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const words = new URLSearchParams(query);
  const sort = words.get("sort") ?? "";
  return {
    view: path || "overview",
    filter: words.get("filter") ?? "",
    sort: sort.replace(/^-/, ""),
    isDescending: sort.startsWith("-"),
  };
}

/** The address of a view. */
export function addressOf(view, { filter = "", sort = "", isDescending = false } = {}) {
  const words = new URLSearchParams();
  if (filter) words.set("filter", filter);
  if (sort) words.set("sort", (isDescending ? "-" : "") + sort);
  return `#/${view}${words.size ? `?${words}` : ""}`;
}

/** Keep the state of a table in the address, without another step in the history. */
export function remember(view, state) {
  history.replaceState(null, "", addressOf(view, state));
}
