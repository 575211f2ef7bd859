// A TCP proxy between two processes of a test, to cut them off from one another: at once, as a
// firewall that refuses does, or in silence, as one that drops does. Looks into nothing it carries.

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

type Mode = "open" | "refused" | "silent";

export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #mode: Mode = "open";

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
  }

  /** Listens on a port of its own for a port of this machine. */
  static async to(target: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(server, target);
    server.on("connection", (socket) => proxy.#onConnection(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Ends what is open; whoever comes is sent away. */
  refuse(): void {
    this.#mode = "refused";
    this.#endAll();
  }

  /** Carries nothing more, and says nothing of it. */
  silence(): void {
    this.#mode = "silent";
    for (const pair of this.#pairs) for (const socket of pair) socket.unpipe().pause();
  }

  /** Carries again. What was cut in silence is not mended: TCP would have lost it too. */
  open(): void {
    if (this.#mode === "silent") this.#endAll();
    this.#mode = "open";
  }

  close(): void {
    this.#endAll();
    this.#server.close();
  }

  #onConnection(near: Socket): void {
    if (this.#mode === "refused") {
      near.destroy();
      return;
    }
    const far = connect({ host: "127.0.0.1", port: this.#target });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      // However one side ends, the other does too.
      const end = () => this.#end(pair);
      socket.on("error", end).on("close", end).setNoDelay(true);
    }
    if (this.#mode === "silent") return;
    near.pipe(far);
    far.pipe(near);
  }

  #end(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }

  #endAll(): void {
    for (const pair of [...this.#pairs]) this.#end(pair);
  }
}
