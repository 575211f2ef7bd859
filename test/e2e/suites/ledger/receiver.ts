// An HTTP receiver of exported entries in the test's own process, as a security team has one: it
// may fail, take a batch and say nothing, or answer. Remembers what it took.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface TakenBatch {
  readonly key: string;
  readonly authorization: string | undefined;
  readonly ids: readonly string[];
}

export type Answer = "take" | "fail" | "take-and-hang";

export class LogReceiver {
  readonly taken: TakenBatch[] = [];
  /** What it does next; takes everything after that. */
  readonly answers: Answer[] = [];
  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      const answer = this.answers.shift() ?? "take";
      if (answer === "fail") {
        response.writeHead(503).end();
        return;
      }
      const lines = Buffer.concat(pieces).toString("utf8").trimEnd().split("\n");
      this.taken.push({
        key: String(request.headers["idempotency-key"]),
        authorization: request.headers.authorization,
        ids: lines.map((line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid),
      });
      if (answer === "take") response.writeHead(204).end();
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/events`;
  }

  get ids(): string[] {
    return this.taken.flatMap(({ ids }) => ids);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
