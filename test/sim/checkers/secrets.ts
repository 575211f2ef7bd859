// I9: raw events stay home. What only an event or a token holds appears in nothing that leaves a
// host: no message, no journal, no store of a coordinator. Looks for planted marks.

import { MARK } from "../attacks.ts";
import { Checker } from "./checker.ts";

const NEEDLE = Buffer.from(MARK);

export class SecretChecker extends Checker {
  readonly invariant = "I9";

  override onPublish(from: string, channel: string, bytes: Uint8Array): void {
    if (holdsMark(bytes)) this.watch.report(`${from} lets an event out on ${channel}`);
  }

  override atRest(): void {
    const { coordinators, bus } = this.watch.truth.world;
    for (const { person, store } of coordinators) {
      for (const [key, bytes] of store.scan("")) {
        if (holdsMark(bytes)) this.watch.report(`${person.name} stores an event under ${key}`);
      }
    }
    for (const stream of bus.streams.all()) {
      if (stream.messages.some((m) => m !== undefined && holdsMark(m.bytes))) {
        this.watch.report("a journal holds an event");
      }
    }
  }
}

function holdsMark(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(NEEDLE);
}
