// Who of several pages sends.

import type { Store } from "./cnerium-store.js";

/** Milliseconds for which a page that is gone keeps others waiting, where the browser has no locks. */
const leaseTime = 10_000;

/**
 * Does some work while no other page does any under the same name. It waits for
 * them, and does nothing when the signal comes first. The work has to end soon
 * after the signal that it gets.
 */
export async function exclusive(
  store: Store, name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (signal.aborted) return;
  const locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined; // only in a secure context
  if (!locks) return leased(store, name, signal, work);
  try {
    await locks.request(name, { signal }, () => work(signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The same with a record in the database. */
async function leased(
  store: Store, name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const holder = Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
  for (let left = 1; left > 0;) {
    if (signal.aborted) return;
    left = await store.lease(name, holder, leaseTime);
    if (left > 0) await pause(left, signal);
  }
  const lost = new AbortController();
  const lose = () => lost.abort(signal.reason);
  signal.addEventListener("abort", lose, { once: true });
  const renewal = setInterval(() => {
    store.lease(name, holder, leaseTime).then((left) => left > 0 && lose(), lose);
  }, leaseTime / 3);
  try {
    await work(lost.signal);
  } finally {
    clearInterval(renewal);
    signal.removeEventListener("abort", lose);
    await store.release(name, holder);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal.addEventListener("abort", wake, { once: true });
  });
}
