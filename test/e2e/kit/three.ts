// A mesh of three coordinators and three NATS servers, each a process that a test may kill, pause,
// cut off, roll back or wipe by itself. Made by `ostraka up`, then run part by part. Owns the
// processes and the proxies between coordinators and NATS.

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AdminClient, connectAdmin, readTlsFile } from "@ostraka/coordinator";
import { openCrypto, parseConfigYaml, readGenesisFile } from "@ostraka/host";
import { expect } from "vitest";
import {
  type MeshFile,
  natsName,
  pathsOf,
  readMeshFile,
} from "../../../coordinator/cli/src/mesh-dir.ts";
import { ClusterServer } from "../../integration/nats-cluster.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { type CliRun, kill, Stand, until } from "./up-run.ts";

const READY_MS_MAX = 60_000;
const WORDS_SHOWN = 2_500;
const STORE = "state.sqlite";

/** One process of the mesh that is run by the CLI. */
export class MeshPart {
  readonly name: string;
  readonly folder: string;
  readonly #stand: Stand;
  readonly #args: readonly string[];
  #run: CliRun | undefined;

  constructor(stand: Stand, name: string, folder: string, args: readonly string[]) {
    this.#stand = stand;
    this.name = name;
    this.folder = folder;
    this.#args = args;
  }

  /** What it wrote since its last start. */
  get log(): string {
    return this.#run?.stderr ?? "";
  }

  /** Starts it; `isWaiting` waits until it serves, which needs NATS. */
  async start(isWaiting = true): Promise<void> {
    if (this.#run !== undefined) return;
    const run = this.#stand.start(this.#args, { OSTRAKA_SUPERVISED: "1" });
    this.#run = run;
    if (isWaiting) await run.says(/"ready":true/, READY_MS_MAX);
  }

  async kill(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    kill(run.pid);
    await run.ended;
  }

  /** Asks it to end and waits for it. @returns its exit code. */
  async stop(): Promise<number | null> {
    const run = this.#run;
    this.#run = undefined;
    run?.signal("SIGTERM");
    return (await run?.ended)?.code ?? null;
  }

  pause(): void {
    this.#run?.signal("SIGSTOP");
  }

  resume(): void {
    this.#run?.signal("SIGCONT");
  }

  /** Copies the store of a part that does not run. @returns how to put that copy back. */
  keepStore(): () => void {
    const copy = mkdtempSync(join(this.folder, "kept-"));
    const files = [STORE, `${STORE}-wal`, `${STORE}-shm`];
    for (const file of files) {
      const path = join(this.folder, file);
      if (existsSync(path)) cpSync(path, join(copy, file));
    }
    return () => {
      this.wipe();
      for (const file of files) {
        if (existsSync(join(copy, file))) cpSync(join(copy, file), join(this.folder, file));
      }
    };
  }

  /** Removes the store of a part that does not run. */
  wipe(): void {
    for (const end of ["", "-wal", "-shm"]) {
      rmSync(join(this.folder, `${STORE}${end}`), { force: true });
    }
  }
}

export class Three {
  readonly stand = new Stand();
  readonly file: MeshFile;
  readonly servers: readonly ClusterServer[];
  readonly coordinators: readonly MeshPart[];
  readonly hosts: readonly MeshPart[];
  /** By coordinator, then by server. */
  readonly #proxies: readonly (readonly TcpProxy[])[];
  readonly #clients: AdminClient[] = [];
  #each: readonly AdminClient[] | undefined;

  private constructor(stand: Stand, proxies: readonly (readonly TcpProxy[])[]) {
    this.stand = stand;
    this.#proxies = proxies;
    const paths = pathsOf(stand.data);
    this.file = readMeshFile(stand.data);
    this.servers = this.file.nats.map((url, i) => {
      const folder = paths.natsServer(i, 3);
      const conf = join(folder, "server.conf");
      return new ClusterServer(natsName(i), Number(new URL(url).port), conf, join(folder, "store"));
    });
    this.coordinators = this.file.coordinators.map(({ name }, i) => {
      const folder = paths.coordinator(name);
      const config = join(folder, "config.yaml");
      const urls = proxies[i]?.map(({ port }) => `tls://127.0.0.1:${port}`);
      editNats(config, (nats) => ({ ...nats, urls }));
      return new MeshPart(stand, name, folder, ["coordinator", "--config", config]);
    });
    this.hosts = Array.from({ length: this.file.sidecars }, (_, i) => {
      const folder = paths.host(`host-${i + 1}`);
      const args = ["sidecar", "--config", join(folder, "config.yaml")];
      return new MeshPart(stand, `host-${i + 1}`, folder, args);
    });
  }

  /** Makes a mesh with hosts that have joined, and starts every part of it. */
  static async start(hosts: number): Promise<Three> {
    const stand = new Stand();
    try {
      const shape = ["--coordinators", "3", "--nats", "3", "--sidecars", `${hosts}`];
      const made = await stand.run(
        ...["up", "--once", "--no-replay", "--data", stand.data],
        ...shape,
      );
      expect(made.code, made.stdout + made.stderr).toBe(0);
      const { nats, coordinators } = readMeshFile(stand.data);
      const proxies = await Promise.all(
        coordinators.map(() =>
          Promise.all(nats.map((url) => TcpProxy.to(Number(new URL(url).port)))),
        ),
      );
      const three = new Three(stand, proxies);
      await Promise.all(three.servers.map((server) => server.start()));
      await Promise.all(three.coordinators.map((part) => part.start()));
      await Promise.all(three.hosts.map((part) => part.start()));
      return three;
    } catch (error) {
      stand[Symbol.dispose]();
      throw error;
    }
  }

  get crypto() {
    return openCrypto();
  }

  get genesis() {
    return readGenesisFile(this.crypto, pathsOf(this.stand.data).genesis);
  }

  /** The end of what each coordinator wrote. */
  get lastWords(): string {
    const shown = ({ name, log }: MeshPart) => `${name}:\n${log.slice(-WORDS_SHOWN)}`;
    return this.coordinators.map(shown).join("\n");
  }

  /** Proxies between a coordinator and the NATS servers. */
  proxiesOf(coordinator: MeshPart): readonly TcpProxy[] {
    return this.#proxies[this.coordinators.indexOf(coordinator)] ?? [];
  }

  /** A client with a person's certificate that asks the coordinators in this order. */
  client(names: readonly string[] = this.file.coordinators.map(({ name }) => name)): AdminClient {
    const paths = pathsOf(this.stand.data);
    const addresses = names.map(
      (name) => this.file.coordinators.find((known) => known.name === name)?.api as string,
    );
    const ca = readFileSync(paths.caCertificate, "utf8");
    const client = connectAdmin({ addresses, ca, ...readTlsFile(paths.tls("olga")) });
    this.#clients.push(client);
    return client;
  }

  /** A client for each coordinator that asks no other one. */
  get each(): readonly AdminClient[] {
    this.#each ??= this.file.coordinators.map(({ name }) => this.client([name]));
    return this.#each;
  }

  /** Waits until nothing that this stand started runs, however it was asked to end. */
  async stopAll(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await Promise.all(this.hosts.map((part) => part.stop()));
    await Promise.all(this.coordinators.map((part) => part.stop()));
    await Promise.all(this.servers.map((server) => server.kill()));
    await until(() => this.stand.processes().length === 0, READY_MS_MAX, "every process has ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const part of [...this.hosts, ...this.coordinators]) {
      part.resume();
      await part.kill();
    }
    await Promise.all(this.servers.map((server) => server.kill()));
    for (const proxy of this.#proxies.flat()) proxy.close();
    this.stand[Symbol.dispose]();
  }
}

function editNats(path: string, edit: (nats: Record<string, unknown>) => object): void {
  const config = parseConfigYaml(readFileSync(path, "utf8"), path) as {
    nats: Record<string, unknown>;
  };
  // JSON is YAML too.
  writeFileSync(path, JSON.stringify({ ...config, nats: edit(config.nats) }));
}
