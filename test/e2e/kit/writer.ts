// People at work while parts of the mesh fail: proposals, approvals and lifts, one after another,
// each sent ONCE at first. Owns the book of what each was answered; what ended UNKNOWN is sent
// again, the same bytes, by `settle`.

import { join } from "node:path";
import type { AdminClient } from "@ostraka/coordinator";
import { loadKeyFile } from "@ostraka/host";
import {
  type Envelope,
  hex,
  OstrakaError,
  type PrivatePart,
  parseSubject,
  type Signer,
  type SubjectText,
} from "@ostraka/proto";
import { Outcome } from "@ostraka/proto/gen/admin";
import { pathsOf } from "../../../coordinator/cli/src/mesh-dir.ts";
import { MeshCommands } from "../../integration/mesh-commands.ts";
import type { Three } from "./three.ts";

const WAIT_MS = 3_000;
const SETTLE_MS_MAX = 90_000;
/** What says nothing of whether the command was entered. */
const SILENT = ["OSTRAKA_UNREACHABLE", "OSTRAKA_DEADLINE", "OSTRAKA_RESOURCE_EXHAUSTED"];
const DAMAGED = "OSTRAKA_JOURNAL_DAMAGED";

export interface Written {
  readonly kind: "proposal" | "approval" | "lift";
  /** SHA-256 of the signed bytes, in hex. */
  readonly id: string;
  readonly envelope: Envelope;
  readonly privates: readonly PrivatePart[];
  /** Every answer, in order. */
  readonly answers: string[];
  /** Control indices of its OK answers: all of them the same. */
  readonly indices: Set<number>;
  verdictId?: string;
}

export class Writer {
  readonly book: Written[] = [];
  readonly #three: Three;
  readonly #commands: MeshCommands;
  readonly #clients: readonly AdminClient[];
  #isOver = false;
  #running: Promise<void> = Promise.resolve();
  #count = 0;
  #fault: unknown;
  readonly #canBeDamaged: boolean;

  /** @param canBeDamaged a refusal for damage is an answer, not the end of the test. */
  constructor(three: Three, canBeDamaged = false) {
    this.#canBeDamaged = canBeDamaged;
    this.#three = three;
    const paths = pathsOf(three.stand.data);
    const keys = new Map<string, Signer>();
    const signer = (name: string): Signer => {
      const known = keys.get(name) ?? loadKeyFile(join(paths.keys, `${name}.pem`));
      keys.set(name, known);
      return known;
    };
    this.#commands = new MeshCommands(three.crypto, three.genesis.mesh, signer);
    const names = three.file.coordinators.map(({ name }) => name);
    // Each asks another coordinator first: any replica takes writes.
    this.#clients = names.map((_, i) => three.client([...names.slice(i), ...names.slice(0, i)]));
  }

  /** How many writes were answered OK so far. @throws what stopped a writer. */
  get done(): number {
    if (this.#fault !== undefined) throw this.#fault;
    return this.book.filter(({ answers }) => answers.includes("OK")).length;
  }

  start(): void {
    const workers = this.#clients.map(async (client) => {
      while (!this.#isOver) await this.#chain(client);
    });
    this.#running = Promise.all(workers).then(() => undefined);
    this.#running.catch((error: unknown) => {
      this.#fault = error;
    });
  }

  /** Lets what is under way come to its end. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** The last answers, for whoever must find out why there were no better ones. */
  get lastAnswers(): string {
    const shown = ({ kind, id, answers }: Written) => `${kind} ${id.slice(0, 8)} ${answers.join()}`;
    return this.book.slice(-12).map(shown).join("\n");
  }

  /** Sends everything that is not known yet again, the same bytes, until it is. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_MS_MAX;
    const client = this.#clients[0] as AdminClient;
    for (const written of this.book) {
      while (!isKnown(written)) {
        await this.#send(client, written);
        if (performance.now() > deadline) {
          throw new Error(`${written.kind} ${written.id}: ${written.answers.join(", ")}`);
        }
      }
    }
  }

  /** A proposal, its two approvals, and now and then the lift with its two. */
  async #chain(client: AdminClient): Promise<void> {
    const number = ++this.#count;
    const subject = parseSubject(`user:local/user-${number}`) as SubjectText;
    const verdict = await this.#decide(client, this.#commands.revoke(subject), "proposal");
    if (verdict === undefined || number % 3 !== 0 || this.#isOver) return;
    const id = new Uint8Array(Buffer.from(verdict, "hex"));
    await this.#decide(client, this.#commands.lift(subject, [id]), "lift");
  }

  async #decide(
    client: AdminClient,
    asked: ReturnType<MeshCommands["revoke"]>,
    kind: Written["kind"],
  ): Promise<string | undefined> {
    const proposal = this.#note(kind, asked.envelope, [asked.part]);
    await this.#send(client, proposal);
    for (const approver of ["ada", "sam"]) {
      if (!this.#isOk(proposal)) return undefined;
      const approval = this.#note("approval", this.#commands.approval(asked.id, approver), []);
      await this.#send(client, approval);
      if (!this.#isOk(approval)) return undefined;
      if (approval.verdictId !== undefined) return approval.verdictId;
    }
    return undefined;
  }

  #isOk({ answers }: Written): boolean {
    return answers.at(-1) === "OK";
  }

  #note(kind: Written["kind"], envelope: Envelope, privates: readonly PrivatePart[]): Written {
    const id = hex(this.#three.crypto.sha256(envelope.body));
    const written: Written = { kind, id, envelope, privates, answers: [], indices: new Set() };
    this.book.push(written);
    return written;
  }

  async #send(client: AdminClient, written: Written): Promise<void> {
    const { envelope, privates, answers, indices } = written;
    const request = { command: envelope, privates: [...privates], waitMs: WAIT_MS };
    try {
      const answer = await client.command.submit(request, { timeoutMs: 2 * WAIT_MS });
      if (answer.outcome === Outcome.REFUSED) answers.push(`REFUSED ${answer.code}`);
      else answers.push(answer.outcome === Outcome.OK ? "OK" : "UNKNOWN");
      if (answer.outcome !== Outcome.OK) return;
      indices.add(Number(answer.index));
      if (answer.verdictId.length > 0) written.verdictId = hex(answer.verdictId);
    } catch (error) {
      const silent = this.#canBeDamaged ? [...SILENT, DAMAGED] : SILENT;
      if (!(error instanceof OstrakaError) || !silent.includes(error.code)) throw error;
      answers.push(`UNKNOWN ${error.code}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function isKnown({ answers }: Written): boolean {
  return answers.some((answer) => answer === "OK" || answer.startsWith("REFUSED"));
}
