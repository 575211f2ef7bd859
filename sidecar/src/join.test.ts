import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Mesh, type OpenedGenesis, openGenesis } from "@ostraka/agents/node";
import {
  createNatsAuthority,
  loadKeyFile,
  openCrypto,
  openSigner,
  readGenesisFile,
} from "@ostraka/host";
import { createMeshCa, type MeshCa } from "@ostraka/host/mesh-ca";
import {
  type Bytes,
  channelId,
  encodeNew,
  GenesisSchema,
  GrantSchema,
  isReject,
  MembershipSchema,
  type MeshId,
  OstrakaError,
  Role,
  type Signer,
  signEnvelope,
} from "@ostraka/proto";
import { type JoinRequest, type JoinResponse, Outcome } from "@ostraka/proto/gen/admin";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSidecarConfig } from "./config.ts";
import { type JoinOptions, joinMesh } from "./join.ts";
import { joinTokenText } from "./join-token.ts";

const crypto = openCrypto();
let keyCount = 1;
const newSigner = () => openSigner(new Uint8Array(32).fill(keyCount++));
const operator = newSigner();
const coordinator = newSigner();
const natsAuthority = createNatsAuthority("demo");
let ca: MeshCa;
let genesis: OpenedGenesis = undefined as unknown as OpenedGenesis;
let dataDir: string;

function genesisOf(caFingerprint: Bytes): OpenedGenesis {
  const root = newSigner();
  const isMain = genesis === undefined;
  const holder = (name: string, role: Role, signer: Signer = newSigner()) => ({
    name,
    keys: [{ role, key: signer.publicKey }],
    foreignKeys: [],
  });
  const body = encodeNew(GenesisSchema, {
    format: 1,
    nonce: new Uint8Array(16).fill(keyCount),
    caFingerprint,
    roster: {
      format: 1,
      version: 1,
      meshName: "demo",
      holders: [
        holder("ada", Role.APPROVER),
        holder("coordinator-1", Role.COORDINATOR, isMain ? coordinator : newSigner()),
        holder("olga", Role.OPERATOR, isMain ? operator : newSigner()),
        holder("paul", Role.AUTHOR),
        holder("root-1", Role.ROOT, root),
      ],
      groups: [{ name: "responders", holders: ["ada"] }],
      faultDomains: ["rack-1"],
      rootThreshold: 1,
      authorThreshold: 1,
    },
  });
  const mesh = Buffer.from(crypto.sha256(body)).toString("hex") as MeshId;
  const opened = openGenesis(crypto, signEnvelope(mesh, "genesis", body, root));
  if (isReject(opened)) throw new Error(opened.reject);
  return opened;
}

beforeAll(async () => {
  ca = await createMeshCa("demo");
  genesis = genesisOf(ca.fingerprint);
});
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "ostraka-join-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const SECRET = 200;
const tokenText = () =>
  joinTokenText({
    mesh: genesis.mesh,
    caFingerprint: ca.fingerprint,
    addresses: ["127.0.0.1:7443", "127.0.0.1:7444"],
    secret: new Uint8Array(32).fill(SECRET),
  });

/** Answers as a coordinator does, from what the request says. */
async function answerTo(request: JoinRequest, name = "web-1"): Promise<JoinResponse> {
  const opened = openJoin(request);
  const pem = Buffer.from(request.certificateRequest).toString("base64");
  const requestPem = `-----BEGIN CERTIFICATE REQUEST-----\n${pem}\n-----END CERTIFICATE REQUEST-----`;
  return {
    $typeName: "ostraka.v1.JoinResponse",
    outcome: Outcome.OK,
    code: "",
    membershipIndex: 9n,
    certificate: await ca.issueFromRequest(requestPem, { name, use: "client" }),
    caCertificate: ca.certPem,
    natsJwt: natsAuthority.issueUser({
      name,
      publicKey: opened.natsKey,
      permissions: { publish: [], subscribe: [] },
    }),
    natsUrls: ["nats://127.0.0.1:4222"],
    natsCa: "",
    genesis: genesis.envelope,
    hostName: name,
  };
}

function openJoin(request: JoinRequest) {
  const join = rosterOf().openJoin(request.join);
  if (isReject(join)) throw new Error(join.reject);
  return join;
}

/** The same agent that every coordinator judges a join by. */
function rosterOf() {
  return new Mesh(crypto, genesis).roster;
}

const options = (enroll: JoinOptions["enroll"], more: Partial<JoinOptions> = {}): JoinOptions => ({
  token: tokenText(),
  dataDir,
  enroll,
  waitMs: 0,
  ...more,
});

async function codeOf(joining: Promise<unknown>): Promise<string> {
  try {
    await joining;
  } catch (error) {
    if (error instanceof OstrakaError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "joined";
}

describe("a join that is answered", () => {
  test("leaves a folder from which a sidecar can start, and nothing else", async () => {
    const steps: string[] = [];
    const onStep = (step: string) => steps.push(step);
    const joined = await joinMesh(options((_a, _f, request) => answerTo(request), { onStep }));
    expect(joined).toMatchObject({ name: "web-1", membershipIndex: 9, isResumed: false });
    expect(steps).toEqual(["keys", "asking", "joined", "written"]);
    expect(readdirSync(joined.folder).sort()).toEqual(
      [
        ...["ca.pem", "config.yaml", "genesis.json", "joined.json", "nats.creds"],
        ...["signing.pem", "tls.pem"],
      ].sort(),
    );
    for (const file of readdirSync(joined.folder)) {
      expect(statSync(join(joined.folder, file)).mode & 0o777).toBe(0o600);
    }
    const config = readSidecarConfig(joined.configPath);
    expect(readGenesisFile(crypto, config.genesis).mesh).toBe(genesis.mesh);
    loadKeyFile(config.signingKey);
    expect(readdirSync(join(dataDir, "joining"))).toEqual([]);
    expect(readdirSync(join(dataDir, "hosts"))).toEqual(["web-1"]);
  });

  test("the request is signed by the token's key and the host's, and sends no secret", async () => {
    const seen: JoinRequest[] = [];
    const joined = await joinMesh(
      options((address, fingerprint, request) => {
        expect(address).toBe("127.0.0.1:7443");
        expect(fingerprint).toEqual(ca.fingerprint);
        seen.push(request);
        return answerTo(request);
      }),
    );
    const signed = openJoin(seen[0] as JoinRequest);
    expect(signed.joinKey).toEqual(openSigner(new Uint8Array(32).fill(SECRET)).publicKey);
    expect(signed.hostKey).toEqual(loadKeyFile(join(joined.folder, "signing.pem")).publicKey);
    expect(new Set([signed.hostKey, signed.tlsKey, signed.natsKey].map(String)).size).toBe(3);
  });
});

test("the roster takes the join, once, under a grant of its key", async () => {
  const nowMs = 1_800_000_000_000;
  const roster = rosterOf();
  const grantBody = encodeNew(GrantSchema, {
    format: 1,
    name: "web-1",
    faultDomain: "rack-1",
    joinKey: joinKey(),
    usesMax: 1,
    createdMs: BigInt(nowMs),
    notAfterMs: BigInt(nowMs + 3_600_000),
  });
  const grant = signEnvelope(genesis.mesh, "grant", grantBody, operator);
  expect(isReject(roster.evaluateGrant(grant, nowMs))).toBe(false);
  roster.applyGrant(grant);
  const enroll = async (_a: string, _f: Bytes, request: JoinRequest) => {
    const notAfterMs = BigInt(nowMs + 60_000);
    const body = encodeNew(MembershipSchema, { format: 1, join: request.join, notAfterMs });
    const membership = signEnvelope(genesis.mesh, "membership", body, coordinator);
    const member = roster.evaluateMembership(membership, nowMs);
    if (isReject(member)) throw new Error(member.reject);
    roster.applyMember(member, 9);
    expect(roster.evaluateMembership(membership, nowMs)).toEqual({ reject: "grant-used-up" });
    return await answerTo(request, member.name);
  };
  const joined = await joinMesh(options(enroll, { nowMs: () => nowMs }));
  const { publicKey } = loadKeyFile(join(joined.folder, "signing.pem"));
  expect(roster.host(publicKey)).toMatchObject({ name: "web-1", index: 9, isWitness: false });
});

describe("a join that was cut off goes on with the same keys", () => {
  test("when the answer never came", async () => {
    const requests: JoinRequest[] = [];
    const lost = joinMesh(
      options((_a, _f, request) => {
        requests.push(request);
        throw new OstrakaError("OSTRAKA_UNREACHABLE", "nobody answers");
      }),
    );
    expect(await codeOf(lost)).toContain("OSTRAKA_UNREACHABLE");
    expect(requests).toHaveLength(2);
    const joined = await joinMesh(
      options((_a, _f, request) => {
        requests.push(request);
        return answerTo(request);
      }),
    );
    expect(joined.isResumed).toBe(true);
    const keys = requests.map((r) => String(openJoin(r).hostKey));
    expect(new Set(keys).size).toBe(1);
  });

  test("when the outcome was not known, and it is asked on until it is", async () => {
    let asked = 0;
    const enroll = async (_a: string, _f: Bytes, request: JoinRequest) => {
      const response = await answerTo(request);
      return ++asked < 3 ? { ...response, outcome: Outcome.UNKNOWN } : response;
    };
    const joined = await joinMesh(options(enroll, { waitMs: 20_000 }));
    expect(joined.name).toBe("web-1");
    expect(asked).toBe(3);
  });

  test("and says so when time is up", async () => {
    const enroll = async (_a: string, _f: Bytes, request: JoinRequest) => ({
      ...(await answerTo(request)),
      outcome: Outcome.UNKNOWN,
    });
    expect(await codeOf(joinMesh(options(enroll)))).toContain("OSTRAKA_DEADLINE");
  });

  test("when only its keys were not forgotten yet, the written folder stands", async () => {
    const enroll = (_a: string, _f: Bytes, request: JoinRequest) => answerTo(request);
    const saved: { name: string; text: string }[] = [];
    const keysFolder = () =>
      join(dataDir, "joining", readdirSync(join(dataDir, "joining"))[0] ?? "");
    const onStep = (step: string) => {
      if (step !== "joined") return;
      for (const name of readdirSync(keysFolder())) {
        saved.push({ name, text: readFileSync(join(keysFolder(), name), "utf8") });
      }
    };
    const first = await joinMesh(options(enroll, { onStep }));
    const key = loadKeyFile(join(first.folder, "signing.pem")).publicKey;
    // As if the process had died between the two: the keys are there again.
    const folder = join(dataDir, "joining", channelId(joinKey()));
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of saved) writeFileSync(join(folder, name), text, { mode: 0o600 });
    rmSync(join(first.folder, "joined.json"));
    const second = await joinMesh(options(enroll));
    expect(second.folder).toBe(first.folder);
    expect(loadKeyFile(join(second.folder, "signing.pem")).publicKey).toEqual(key);
  });
});

test("a join that is done is not asked for again", async () => {
  const first = await joinMesh(options((_a, _f, request) => answerTo(request)));
  const again = await joinMesh(
    options(() => {
      throw new Error("nobody is to be asked");
    }),
  );
  expect(again).toEqual({ ...first, isResumed: true });
  expect(readdirSync(join(dataDir, "joining"))).toEqual([]);
});

describe("an answer that does not fit the token writes nothing", () => {
  const cases: [string, string, (good: JoinResponse) => Promise<JoinResponse> | JoinResponse][] = [
    ["no genesis", "no genesis", ({ genesis: _, ...rest }) => rest],
    [
      "another mesh",
      "another mesh",
      (good) => ({ ...good, genesis: genesisOf(ca.fingerprint).envelope }),
    ],
    ["a name that is a path", "name", (good) => ({ ...good, hostName: "../../etc" })],
    [
      "another name than the certificate's",
      "another name",
      (good) => ({ ...good, hostName: "db" }),
    ],
    [
      "another authority",
      "not the token's",
      async (good) => ({ ...good, caCertificate: (await createMeshCa("demo")).certPem }),
    ],
    [
      "a certificate of another authority",
      "has not issued",
      async (good) => {
        const other = await createMeshCa("demo");
        const { certPem } = await other.issue({ name: "web-1", use: "client" });
        return { ...good, certificate: certPem };
      },
    ],
    [
      "a certificate for another key",
      "another key",
      async (good) => {
        const { certPem } = await ca.issue({ name: "web-1", use: "client" });
        return { ...good, certificate: certPem };
      },
    ],
    [
      "the authority's own certificate",
      "has not issued",
      (good) => ({ ...good, certificate: ca.certPem }),
    ],
    ["no certificate at all", "cannot be read", (good) => ({ ...good, certificate: "hello" })],
    [
      "credentials that would end their section",
      "NATS credentials",
      (good) => ({ ...good, natsJwt: `${good.natsJwt}\n------END NATS USER JWT------` }),
    ],
    [
      "credentials of another user",
      "NATS credentials",
      (good) => ({
        ...good,
        natsJwt: natsAuthority.issueUser({
          name: "web-1",
          publicKey: newSigner().publicKey,
          permissions: { publish: [], subscribe: [] },
        }),
      }),
    ],
    ["no address of NATS", "NATS addresses", (good) => ({ ...good, natsUrls: [] })],
    [
      "an address with a password",
      "NATS addresses",
      (good) => ({ ...good, natsUrls: ["nats://a:b@c"] }),
    ],
    ["an authority of NATS that is none", "NATS servers", (good) => ({ ...good, natsCa: "x" })],
    [
      "an authority of NATS that is a mere host's certificate",
      "NATS servers",
      (good) => ({ ...good, natsCa: good.certificate }),
    ],
    ["no membership", "no membership", (good) => ({ ...good, membershipIndex: 0n })],
  ];
  test.each(cases)("%s", async (_what, words, spoil) => {
    const joining = joinMesh(
      options(async (_a, _f, request) => await spoil(await answerTo(request))),
    );
    const said = await codeOf(joining);
    expect(said).toContain("OSTRAKA_NOT_VERIFIED");
    expect(said).toContain(words);
    expect(readdirSync(dataDir)).toEqual(["joining"]);
  });
});

test("a refusal says the reason and what to do, and shows nothing else of the network", async () => {
  const refuse = (code: string) => async (_a: string, _f: Bytes, request: JoinRequest) => ({
    ...(await answerTo(request)),
    outcome: Outcome.REFUSED,
    code,
  });
  const said = await codeOf(joinMesh(options(refuse("grant-used-up"))));
  expect(said).toContain("OSTRAKA_REFUSED");
  expect(said).toContain("ask for a new grant");
  const shown = await codeOf(joinMesh(options(refuse("\u001b[2Jgotcha"))));
  expect(shown).not.toContain("gotcha");
});

test("a folder of another host of that name is not touched", async () => {
  const enroll = (_a: string, _f: Bytes, request: JoinRequest) => answerTo(request);
  mkdirSync(join(dataDir, "hosts", "web-1"), { recursive: true });
  expect(await codeOf(joinMesh(options(enroll)))).toContain("OSTRAKA_DATA_MISMATCH");
  expect(readdirSync(join(dataDir, "hosts", "web-1"))).toEqual([]);
});

function joinKey(): Bytes {
  return openSigner(new Uint8Array(32).fill(SECRET)).publicKey;
}
