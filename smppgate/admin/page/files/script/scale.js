/* Where things lie in a plot. */

/** Round numbers from 0 to at least `most`, three to five of them. */
export function ticks(most) {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, place) => place * step);
}

/** Whole minutes between two times (ms), as many as `room` has place for. */
export function minutes(start, end, room) {
  const step = [1, 2, 5, 10, 15, 20, 30].map((each) => each * 60000)
    .find((each) => (end - start) / each <= room) ?? 3600000;
  const found = [];
  for (let time = Math.ceil(start / step) * step; time <= end; time += step) found.push(time);
  return found;
}

/** A function from a range of values to a range of places. */
export function linear([from, to], [first, last]) {
  const factor = to > from ? (last - first) / (to - from) : 0;
  return (value) => first + (value - from) * factor;
}

/** The path through these points, interrupted where a value is null. */
export function line(xs, ys) {
  let path = "", pen = "M";
  ys.forEach((y, place) => {
    if (y == null) pen = "M";
    else {
      path += `${pen}${xs[place].toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
    }
  });
  return path;
}

/** The path round what lies between two lines, each run without a null for itself. */
export function band(xs, lower, upper) {
  let path = "", run = [];
  const close = () => {
    if (run.length > 1) {
      const over = run.map((i) => `${xs[i].toFixed(1)} ${upper[i].toFixed(1)}`);
      const under = run.toReversed().map((i) => `${xs[i].toFixed(1)} ${lower[i].toFixed(1)}`);
      path += `M${over.join("L")}L${under.join("L")}Z`;
    }
    run = [];
  };
  upper.forEach((y, place) => (y == null ? close() : run.push(place)));
  close();
  return path;
}
