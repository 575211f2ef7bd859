// What a status says of members that were proven to have said two things at one place: who, since
// when, what it costs, and what to do next. Reads only.

import { type MeshView, majorityOf } from "@ostraka/agents/kernel";

/** A view and the names that people know its coordinators by. */
export interface ConvictionFacts {
  readonly view: Pick<MeshView, "coordinatorKeys" | "convictedAt" | "hosts">;
  nameOf(coordinatorKey: Uint8Array): string;
}

export function convictionNotes({ view, nameOf }: ConvictionFacts): string[] {
  const keys = view.coordinatorKeys();
  const liars = keys.filter((key) => view.convictedAt(key) !== undefined);
  const notes = liars.map(
    (key) =>
      `${nameOf(key)} was proven at c:${view.convictedAt(key)} to have sealed two heads at one ` +
      "position: its seals count no more; give its place to another in the next roster",
  );
  const honest = keys.length - liars.length;
  const needed = majorityOf(keys.length);
  if (honest < needed) {
    notes.push(
      `${honest} of ${keys.length} coordinators can still seal and a majority is ${needed}: ` +
        "nothing new can be decided. The majority is never lowered; what is in force stays in " +
        "force until it expires",
    );
  }
  for (const { key, name } of view.hosts()) {
    const at = view.convictedAt(key);
    if (at === undefined) continue;
    notes.push(
      `${name} was proven at c:${at} to have signed two things under one number: it is no ` +
        "witness any more; look at that host, then let it join again under a new key",
    );
  }
  return notes;
}
