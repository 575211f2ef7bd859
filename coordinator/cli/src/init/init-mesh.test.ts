// A new mesh's directory: whole, distinct, private, and never over anything.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { DEFAULT_POLICY_YAML, Mesh } from "@ostraka/agents/node";
import { loadKeyFile, openCrypto, readGenesisFile } from "@ostraka/host";
import { openMeshCa } from "@ostraka/host/mesh-ca";
import {
  decode,
  EnvelopeSchema,
  equalBytes,
  hex,
  isReject,
  PolicyDocumentSchema,
  Role,
} from "@ostraka/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pathsOf, readMeshFile } from "../mesh-dir.ts";
import { initMesh } from "./init-mesh.ts";
import { START_COMMAND_FILES, writeStartCommands } from "./start-commands.ts";

const crypto = openCrypto();
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-init-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const make = (more: object = {}) => initMesh({ dir, coordinators: 1, sidecars: 3, ...more });

describe("initMesh", () => {
  it("makes a genesis that opens and names two operators, three approvers, authors and roots", async () => {
    const { mesh } = await make();
    const opened = readGenesisFile(crypto, pathsOf(dir).genesis);
    expect(opened.mesh).toBe(mesh);
    const named = (role: Role) =>
      opened.roster.holders.filter((h) => h.keys.some((k) => k.role === role)).map((h) => h.name);
    expect(named(Role.OPERATOR)).toEqual(["olga", "omar"]);
    expect(named(Role.APPROVER)).toEqual(["ada", "rui", "sam"]);
    expect(named(Role.AUTHOR)).toEqual(["paul", "pia"]);
    expect(named(Role.ROOT)).toEqual(["root-1", "root-2", "root-3"]);
    expect(named(Role.COORDINATOR)).toEqual(["coordinator-1"]);
    expect(opened.roster.faultDomains).toEqual(["host-1", "host-2", "host-3"]);
    expect([opened.roster.rootThreshold, opened.roster.authorThreshold]).toEqual([2, 2]);
  });

  it("lists the TLS and NATS keys of a coordinator as keys that may never sign", async () => {
    await make({ coordinators: 3 });
    const { roster } = readGenesisFile(crypto, pathsOf(dir).genesis);
    const keys = roster.holders.flatMap((h) => [...h.keys.map((k) => k.key), ...h.foreignKeys]);
    expect(new Set(keys.map(hex)).size).toBe(keys.length);
    const coordinators = roster.holders.filter((h) => h.name.startsWith("coordinator-"));
    expect(coordinators.map((h) => h.foreignKeys.length)).toEqual([2, 2, 2]);
  });

  it("leaves start commands that the mesh takes, in order", async () => {
    await make();
    const mesh = new Mesh(crypto, readGenesisFile(crypto, pathsOf(dir).genesis));
    const [policy, activation] = START_COMMAND_FILES.map((name) =>
      fromBinary(EnvelopeSchema, readFileSync(join(pathsOf(dir).pending, name))),
    );
    if (policy === undefined || activation === undefined) throw new Error("no commands");
    const { findHolder } = mesh.view;
    const parsed = mesh.policies.evaluateDocument(
      policy,
      { findHolder, machineVersion: 2 },
      Date.now(),
    );
    if (isReject(parsed)) throw new Error(parsed.reject);
    mesh.policies.applyDocument(policy, parsed, 2);
    expect(mesh.policies.evaluateActivation(activation, findHolder, Date.now())).toBe(1);
    const body = decode(PolicyDocumentSchema, policy.body, 100_000);
    expect(Buffer.from(body?.yaml ?? []).toString()).toBe(DEFAULT_POLICY_YAML);
  });

  it("signs the start commands anew with a later end", async () => {
    const { mesh } = await make({ nowMs: 1_000 });
    const [policy] = writeStartCommands(crypto, dir, mesh, 2_000);
    const stored = readFileSync(join(pathsOf(dir).pending, START_COMMAND_FILES[0]));
    expect(equalBytes(stored, policy as Uint8Array)).toBe(true);
  });

  it("keeps every secret to its owner, each key opening", async () => {
    await make();
    const paths = pathsOf(dir);
    const secrets = readdirSync(paths.keys).map((name) => join(paths.keys, name));
    secrets.push(paths.caKey, join(paths.coordinator("coordinator-1"), "nats.creds"));
    for (const path of secrets) expect(statSync(path).mode & 0o077, path).toBe(0);
    expect(loadKeyFile(paths.key("ada")).publicKey.length).toBe(32);
    const text = (path: string) => readFileSync(path, "utf8");
    await openMeshCa(text(paths.caCertificate), text(paths.caKey));
    expect(readMeshFile(dir).coordinators.map((c) => c.name)).toEqual(["coordinator-1"]);
  });

  it("makes three NATS servers one cluster, each its own folder, name and ports", async () => {
    const { file } = await make({ coordinators: 3, nats: 3 });
    const paths = pathsOf(dir);
    expect(readMeshFile(dir)).toEqual(file);
    const confs = file.nats.map((_, i) =>
      readFileSync(join(paths.natsServer(i, 3), "server.conf"), "utf8"),
    );
    confs.forEach((conf, i) => {
      expect(conf).toContain(`server_name: "nats-${i + 1}"`);
      expect(conf).toContain(`port: ${new URL(file.nats[i] as string).port}\n`);
      const others = file.natsRoutes?.filter((_, other) => other !== i) ?? [];
      expect(others).toHaveLength(2);
      for (const at of others) expect(conf).toMatch(new RegExp(`nats-route://\\S+@${at}"`));
    });
    // One secret, in no file that others may read.
    expect(new Set(confs.map((conf) => /password: "(\w{48})"/.exec(conf)?.[1])).size).toBe(1);
    const folders = [paths.nats, ...file.nats.map((_, i) => paths.natsServer(i, 3))];
    for (const folder of folders) expect(statSync(folder).mode & 0o077, folder).toBe(0);
    for (const { name } of file.coordinators) {
      const config = readFileSync(join(paths.coordinator(name), "config.yaml"), "utf8");
      for (const url of file.nats) expect(config).toContain(url);
      expect(config).toContain("replicas: 3");
    }
  });

  it("leaves a single NATS server where it always was", async () => {
    const { file } = await make();
    expect(file.nats).toHaveLength(1);
    expect(file.natsRoutes).toBeUndefined();
    const conf = readFileSync(join(pathsOf(dir).nats, "server.conf"), "utf8");
    expect(conf).not.toContain("cluster {");
    expect(conf).toContain(join(dir, "nats", "store"));
  });

  it("takes fault domains by name", async () => {
    await make({ domains: ["north", "south"] });
    const { roster } = readGenesisFile(crypto, pathsOf(dir).genesis);
    expect(roster.faultDomains).toEqual(["north", "south"]);
  });

  it.each([
    [{ domains: ["north", "north"] }, /named twice/],
    [{ domains: ["North"] }, /is no name/],
    [{ domains: [] }, /needs a fault domain/],
    [{ meshName: "a b" }, /is no name/],
    [{ sidecars: 0 }, /0 hosts/],
    [{ coordinators: 2 }, /1 or 3/],
    [{ nats: 2 }, /1 or 3/],
  ])("refuses %j and leaves the directory empty", async (more, why) => {
    await expect(make(more)).rejects.toThrow(why);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("refuses a directory that holds anything, and touches nothing", async () => {
    writeFileSync(join(dir, "notes.txt"), "mine");
    await expect(make()).rejects.toThrow(/not empty \(it holds notes.txt\)/);
    expect(readdirSync(dir)).toEqual(["notes.txt"]);
  });
});
