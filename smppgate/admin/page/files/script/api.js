/* Requests to the API of the gate that this page comes from. */

const BASE = new URL("api/v1/", document.baseURI);
// A browser asks nothing of an address that names a user, but remembers whom it was opened as.
BASE.username = BASE.password = "";
const PATIENCE = 15000; // milliseconds

/** What went wrong: `status` 0 when the gate was not reached. */
export class Problem extends Error {
  constructor(status, text, errors = []) {
    super(text);
    this.status = status;
    this.errors = errors;
  }
}

/** The address of a resource; parts of its path may hold any character. What is empty is not said. */
export function address(path, parameters = {}) {
  const parts = [path].flat().map((part) => encodeURIComponent(part));
  const url = new URL(parts.join("/"), BASE);
  for (const [key, value] of Object.entries(parameters))
    if (value !== "") url.searchParams.set(key, value);
  return url;
}

/** What a resource is now. */
export function read(path, parameters) {
  return request("GET", address(path, parameters));
}

/** Change something; gives what it is then. */
export function change(path, body, method = "POST") {
  return request(method, address(path), body);
}

async function request(method, url, body) {
  const answer = await reached(url, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
    cache: "no-store",
  });
  if (!answer.ok) throw await problemOf(answer);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** The answer to a request, whatever its status. */
export async function reached(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The gate was not reached.");
  }
}

/** What an answer that is not 2xx says, as a Problem. */
export async function problemOf(answer) {
  const told = await answer.json().catch(() => ({}));
  const errors = (told.errors ?? []).map((each) =>
    [each.path, each.message].filter(Boolean).join(": "),
  );
  const text = told.detail || told.title || `The gate answered ${answer.status}.`;
  return new Problem(answer.status, text, errors);
}
