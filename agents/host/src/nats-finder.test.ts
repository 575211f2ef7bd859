// The finder against fake binaries, and against the real package where apt can reach one.

import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OstrakaError } from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findNatsServer, type NatsFinderOptions } from "./nats-finder.ts";

let dir = "";
let said: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nats-finder-"));
  said = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function options(env: NatsFinderOptions["env"], more: Partial<NatsFinderOptions> = {}) {
  const say = (line: string) => said.push(line);
  return { env, cacheDir: join(dir, "cache"), say, extraDirs: [], ...more };
}

async function putFake(folder: string, script: string): Promise<string> {
  await mkdir(join(dir, folder), { recursive: true });
  const path = join(dir, folder, "nats-server");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function osRelease(text: string): Promise<string> {
  await writeFile(join(dir, "os-release"), text);
  return join(dir, "os-release");
}

async function refusalOf(found: Promise<unknown>): Promise<OstrakaError> {
  const error = await found.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OstrakaError);
  expect((error as OstrakaError).code).toBe("OSTRAKA_NATS_NOT_FOUND");
  expect((error as OstrakaError).message).not.toContain("\n");
  return error as OstrakaError;
}

describe("a server that runs already", () => {
  test("OSTRAKA_NATS_URL wins over a binary on the PATH", async () => {
    await putFake("bin", "echo 'nats-server: v2.10.1'");
    const env = { OSTRAKA_NATS_URL: "nats://10.0.0.1:4222", PATH: join(dir, "bin") };
    const found = await findNatsServer(options(env));
    expect(found).toEqual({ kind: "external", urls: ["nats://10.0.0.1:4222"] });
  });

  test("its credentials file comes along", async () => {
    const env = { OSTRAKA_NATS_URL: "tls://nats.example", OSTRAKA_NATS_CREDS: "/run/nats.creds" };
    const found = await findNatsServer(options(env));
    expect(found).toMatchObject({ kind: "external", credsFile: "/run/nats.creds" });
  });

  test("servers of a cluster are told apart by commas, their authority comes along", async () => {
    const env = {
      OSTRAKA_NATS_URL: "tls://a.example:4222, tls://b.example",
      OSTRAKA_NATS_CA: "/run/ca.pem",
    };
    const urls = ["tls://a.example:4222", "tls://b.example"];
    expect(await findNatsServer(options(env))).toEqual({
      kind: "external",
      urls,
      caFile: "/run/ca.pem",
    });
    await refusalOf(findNatsServer(options({ OSTRAKA_NATS_URL: "tls://a.example,b.example" })));
  });

  test.each(["http://10.0.0.1", "10.0.0.1:4222", "nats//x"])("%s is no NATS URL", async (url) => {
    await refusalOf(findNatsServer(options({ OSTRAKA_NATS_URL: url })));
  });

  test("a refused URL is not quoted, for it may carry a password", async () => {
    const env = { OSTRAKA_NATS_URL: "https://me:hunter2@nats.example" };
    const error = await refusalOf(findNatsServer(options(env)));
    expect(error.message).not.toContain("hunter2");
  });
});

describe("a binary", () => {
  test("is found on the PATH with its version", async () => {
    const path = await putFake("bin", "echo 'nats-server: v2.9.10'");
    const found = await findNatsServer(options({ PATH: `/nowhere:${join(dir, "bin")}` }));
    expect(found).toEqual({ kind: "binary", path, version: "2.9.10" });
    expect(said).toEqual([]);
  });

  test("is found in the directories that a PATH often lacks", async () => {
    const path = await putFake("sbin", "echo 'nats-server: v2.11.0-RC.1'");
    const found = await findNatsServer(options({}, { extraDirs: [join(dir, "sbin")] }));
    expect(found).toEqual({ kind: "binary", path, version: "2.11.0-RC.1" });
  });

  test("that fails or says no version is passed over for the next one", async () => {
    await putFake("broken", "echo 'nats-server: v2.9.10'; exit 1");
    await putFake("other", "echo 'usage: nats-server'");
    const path = await putFake("good", "echo 'nats-server: v2.10.4'");
    const dirs = ["broken", "other", "good"].map((name) => join(dir, name));
    const found = await findNatsServer(options({ PATH: dirs.join(":") }));
    expect(found).toMatchObject({ kind: "binary", path });
  });

  test("from a relative PATH entry is not run", async () => {
    await putFake("bin", "echo 'nats-server: v2.9.10'");
    const env = { PATH: "bin:.", OSTRAKA_INSTALL: "0" };
    await refusalOf(findNatsServer(options(env)));
  });

  test("fetched by an earlier start is used again, even when fetching is forbidden", async () => {
    const path = await putFake("cache/unpacked/usr/sbin", "echo 'nats-server: v2.9.10'");
    const found = await findNatsServer(options({ PATH: "", OSTRAKA_INSTALL: "0" }));
    expect(found).toMatchObject({ kind: "binary", path });
  });
});

describe("with none there", () => {
  test("OSTRAKA_INSTALL=0 forbids fetching, and the refusal says what to install", async () => {
    const error = await refusalOf(findNatsServer(options({ PATH: "", OSTRAKA_INSTALL: "0" })));
    expect(error.message).toMatch(/OSTRAKA_INSTALL=0.*apt-get install nats-server/);
    expect(said).toEqual([]);
  });

  test("a system that is no Debian is told what to install, and nothing is fetched", async () => {
    const osReleaseFile = await osRelease("ID=fedora\nID_LIKE=rhel\n");
    const error = await refusalOf(findNatsServer(options({ PATH: "" }, { osReleaseFile })));
    expect(error.message).toMatch(/OSTRAKA_NATS_URL/);
    expect(said).toEqual([]);
  });

  test("a fetch that fails leaves no half of it behind", async () => {
    const osReleaseFile = await osRelease("ID=ubuntu\nID_LIKE=debian\n");
    await writeFile(join(dir, "apt-get"), "#!/bin/sh\necho 'E: Unable to locate' >&2\nexit 100\n");
    await chmod(join(dir, "apt-get"), 0o755);
    const error = await refusalOf(findNatsServer(options({ PATH: dir }, { osReleaseFile })));
    expect(error.message).toContain("E: Unable to locate");
    expect(said).toHaveLength(1);
    expect(await readdir(join(dir, "cache"))).toEqual([]);
  });

  test("the real package is fetched, from apt's lists or from lists of its own", async (context) => {
    const emptyLists = join(dir, "empty-lists");
    await writeFile(join(dir, "apt.conf"), `Dir::State::lists "${emptyLists}";\n`);
    const env = { PATH: "/usr/bin:/bin", APT_CONFIG: join(dir, "apt.conf") };
    const found = await findNatsServer(options(env)).catch((reason: OstrakaError) => reason);
    context.skip(found instanceof Error, `no package to be had here: ${(found as Error).message}`);
    expect(found).toMatchObject({ kind: "binary", version: expect.stringMatching(/^2\./) });
    expect(said).toHaveLength(1);
    const again = await findNatsServer(options({ ...env, OSTRAKA_INSTALL: "0" }));
    expect(again).toEqual(found);
  }, 240_000);
});
