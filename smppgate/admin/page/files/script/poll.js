/* Doing something again and again. */

import { answered, failed, forget } from "./connection.js";

const MOST = 10; // seconds between tries while the gate is not reached

/** Do `task` now and `seconds` after each end of it, later while it fails; gives what ends that.

`rests` says whether it is left out while nobody looks at the page. */
export function poll(seconds, task, rests = true) {
  let timer, stopped = false, wait = seconds;
  const turn = async () => {
    timer = undefined;
    if (!(rests && document.hidden)) wait = (await done(task)) ? seconds : Math.min(MOST, wait * 2);
    if (stopped) forget(task);
    else timer = setTimeout(turn, wait * 1000);
  };
  const look = () => {
    if (document.hidden || timer === undefined) return;
    clearTimeout(timer);
    turn();
  };
  if (rests) document.addEventListener("visibilitychange", look);
  turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    forget(task);
    document.removeEventListener("visibilitychange", look);
  };
}

async function done(task) {
  try {
    await task();
    answered(task);
    return true;
  } catch (error) {
    if (error.status === undefined) throw error; // a fault of the page, for the console
    failed(task, error);
    return false;
  }
}
