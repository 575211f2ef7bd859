// Subjects that revocations of one ledger keep from acting, so that nobody can be the last one cut
// off who must stay. Learns of revocations as they are entered; what ends them is the ledger's
// word.

import type { SubjectText } from "@ostraka/proto";
import {
  type ActiveSet,
  type BinaryReader,
  type BinaryWriter,
  loadAll,
  saveAll,
} from "../kernel/index.ts";

export class CutOffs {
  /** Subject by hex id of each revocation that may be in force. */
  readonly #byId = new Map<string, SubjectText>();

  /** A revocation that cuts its subject off was entered. */
  enter(id: string, subject: SubjectText): void {
    this.#byId.set(id, subject);
  }

  /** Subjects cut off by what is in force. */
  subjects(active: Pick<ActiveSet, "holds">): SubjectText[] {
    return [...this.#byId].filter(([id]) => active.holds(id)).map(([, subject]) => subject);
  }

  /** Forgets what is over. */
  expire(active: Pick<ActiveSet, "holds">): void {
    for (const id of this.#byId.keys()) if (!active.holds(id)) this.#byId.delete(id);
  }

  save(w: BinaryWriter): void {
    saveAll(w, this.#byId, (_, [id, subject]) => w.string(id).string(subject));
  }

  load(r: BinaryReader): void {
    for (const [id, subject] of loadAll(r, () => [r.string(), r.string()] as const)) {
      this.#byId.set(id, subject as SubjectText);
    }
  }
}
