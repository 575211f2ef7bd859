// A nats-server in a container, for `OSTRAKA_TEST_NATS=container`: the same binary in an image made
// of local files, on the host's network, with the test's folder mounted at its own path, so that
// one configuration serves both ways of running it.

import { spawnSync } from "node:child_process";
import { GenericContainer, getContainerRuntimeClient, Wait } from "testcontainers";

const IMAGE = "ostraka-test-nats:local";

export interface NatsContainer {
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  remove(): Promise<void>;
}

/** Why containers cannot be used here, or `undefined`. */
export function containerFault(): string | undefined {
  const run = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { encoding: "utf8" });
  return run.status === 0 ? undefined : "no Docker engine answers (start dockerd)";
}

/** Makes the image of the binary and the libraries it names, once an engine. */
function ensureImage(binary: string): void {
  if (spawnSync("docker", ["image", "inspect", IMAGE]).status === 0) return;
  const linked = spawnSync("ldd", [binary], { encoding: "utf8" }).stdout ?? "";
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
  const files = [binary, ...libraries].map((path) => path.replace(/^\//, ""));
  const tar = spawnSync("tar", ["-chf", "-", "-C", "/", ...files], {
    maxBuffer: 256 * 1024 * 1024,
  });
  const entry = `ENTRYPOINT ["${binary}"]`;
  const made = spawnSync("docker", ["import", "--change", entry, "-", IMAGE], {
    input: tar.stdout,
  });
  if (made.status !== 0) throw new Error(`docker import failed: ${made.stderr.toString("utf8")}`);
}

/** Starts the server of a configuration file; `dir` holds the file and the store. */
export async function startNatsContainer(
  binary: string,
  dir: string,
  configFile: string,
): Promise<NatsContainer> {
  ensureImage(binary);
  // Ryuk's own image cannot be had where nothing is pulled; every container is removed by its test.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  const started = await new GenericContainer(IMAGE)
    .withNetworkMode("host")
    .withBindMounts([{ source: dir, target: dir }])
    .withCommand(["-c", configFile])
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  return {
    kill: async () => {
      await container.kill({ signal: "SIGKILL" });
    },
    start: async () => {
      await container.start();
    },
    pause: async () => {
      await container.pause();
    },
    unpause: async () => {
      await container.unpause();
    },
    remove: async () => {
      await started.stop({ remove: true, timeout: 0 });
    },
  };
}
