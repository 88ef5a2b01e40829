import { Level, ShapesThingsClient, Status, type Forest, type PatchThing, type Thing } from "./shapes/shapes-things.js";

const api = new ShapesThingsClient();

export const open: Status = Status.Open;
export const alsoOpen: Status = "open";
export const low: -1 = Level.Low;
// @ts-expect-error: no such value
export const lost: Status = "lost";

export const forest: Forest = { a: { b: null } };

export async function use(thing: Thing): Promise<void> {
  const pair: [string | null, string | null] = thing.pair;
  const count: number | undefined = thing["by-status"]["open"];
  // @ts-expect-error: not every value has to be there
  const sure: number = thing["by-status"].open;
  const deep: string | undefined = thing.inline?.y.z;
  void [pair, count, sure, deep];

  const patch: PatchThing = { id: "1", rest: "a/b", note: "n", dry_run: true, tag: ["a"], source: "s", levels: [1] };
  const { value: page } = await api.patchThing(patch);
  void page.items?.[0]?.children?.[0]?.name;
  await api.sweep();
  await api.sweep({ before: new Date(0).toISOString() });
  await api.count(null);
  await api.count(["a"]);
  const gone: void = (await api.delete("a")).value;
  const raw: Response = (await api.export({ key: "k" })).value;
  void [gone, raw];
  // @ts-expect-error: it has to have a body
  await api.putThing(1);
}
