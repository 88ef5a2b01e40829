// The database of an outbox.

import type { Entry } from "./cnerium-outbox.js";

/** Who may send the entries of a queue, where the browser has no locks. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const entries = "entries";
const leases = "leases";

/** The entries of an outbox. What a method has written when it returns is on the disk. */
export class Store {
  readonly #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
    db.onversionchange = () => db.close(); // another page wants to delete it, or has a newer version of this
  }

  /** Adds an entry, or returns the one that has its key already. */
  async add(fresh: Omit<Entry, "id">): Promise<Entry> {
    return this.#write(entries, async (store) => {
      const known = await answer<Entry | undefined>(store.index("key").get(fresh.request.key));
      if (known) return known;
      const id = await answer(store.add(fresh)) as number;
      return { ...fresh, id };
    });
  }

  async get(id: number): Promise<Entry | undefined> {
    return answer<Entry | undefined>(this.#db.transaction(entries).objectStore(entries).get(id));
  }

  async all(): Promise<Entry[]> {
    return answer<Entry[]>(this.#db.transaction(entries).objectStore(entries).getAll());
  }

  /** The oldest pending entry of a queue. */
  async head(queue: string): Promise<Entry | undefined> {
    const index = this.#db.transaction(entries).objectStore(entries).index("queue");
    return answer<Entry | undefined>(index.get([queue, "pending"]));
  }

  /** Writes what has become of a pending entry. */
  async put(entry: Entry): Promise<void> {
    await this.change(entry.id, (old) => (old.state === "pending" ? entry : null));
  }

  /** Changes an entry that is there. The function returns null for no change, and undefined is returned then. */
  async change(id: number, change: (old: Entry) => Entry | null): Promise<Entry | undefined> {
    return this.#write(entries, async (store) => {
      const old = await answer<Entry | undefined>(store.get(id));
      const entry = old && change(old);
      if (!entry) return undefined;
      await answer(store.put(entry));
      return entry;
    });
  }

  /** Removes an entry that is not pending. */
  async take(id: number): Promise<Entry | undefined> {
    return this.#write(entries, async (store) => {
      const entry = await answer<Entry | undefined>(store.get(id));
      if (!entry || entry.state === "pending") return undefined;
      await answer(store.delete(id));
      return entry;
    });
  }

  /** Takes or renews a lease for some milliseconds. Returns how long another one still has it, 0 for success. */
  async lease(name: string, holder: string, duration: number): Promise<number> {
    return this.#write(leases, async (store) => {
      const old = await answer<Lease | undefined>(store.get(name));
      const left = old && old.holder !== holder ? old.until - Date.now() : 0;
      if (left > 0) return Math.min(left, duration); // a clock that was put back must not keep it for longer
      await answer(store.put({ name, holder, until: Date.now() + duration } satisfies Lease));
      return 0;
    });
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#write(leases, async (store) => {
      const old = await answer<Lease | undefined>(store.get(name));
      if (old?.holder === holder) await answer(store.delete(name));
    });
  }

  close(): void {
    this.#db.close();
  }

  /** Runs a transaction, and returns when it is durable. */
  async #write<T>(name: string, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const tx = this.#db.transaction(name, "readwrite", { durability: "strict" });
    const durable = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new DOMException("the transaction was aborted", "AbortError"));
    });
    const [value] = await Promise.all([work(tx.objectStore(name)), durable]);
    return value;
  }
}

/** Opens the database, and makes it when it is not there. */
export async function openStore(factory: IDBFactory | undefined, name: string): Promise<Store> {
  if (!factory) throw new TypeError("openOutbox: there is no IndexedDB here");
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(entries, { keyPath: "id", autoIncrement: true });
    store.createIndex("key", "request.key", { unique: true });
    store.createIndex("queue", ["queue", "state"]);
    request.result.createObjectStore(leases, { keyPath: "name" });
  };
  return new Store(await answer(request));
}

/** What a request to the database is answered. */
function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("the database failed", "UnknownError"));
  });
}
