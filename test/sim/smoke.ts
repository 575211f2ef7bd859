// One calm run, printed: a development aid for reading what a mesh does, step by step.

import { commitmentOf } from "@ostraka/agents/kernel";
import { PrivatePartSchema, PrivateSubjectSchema, ProposalSchema, ApprovalSchema, encodeNew, parseSubject, signEnvelope, Stage, SubjectKind, type SubjectText } from "@ostraka/proto";
import { create } from "@bufbuild/protobuf";
import { Random } from "./random.ts";
import { joinCommands, policyCommands } from "./sim-mesh.ts";
import { START_MS, World } from "./world.ts";

const world = new World(new Random(Number(process.argv[2] ?? 1)), { coordinators: Number(process.argv[3] ?? 1), hosts: 3 });
const quiet = new Set(["sealed"]);
world.observers.push({
  onTrace: (node, t) => { if (!quiet.has(t.what)) console.log(((world.time.nowMs - START_MS) / 1000).toFixed(3), node, JSON.stringify(t)); },
  onEffect: (node, e) => { if (e.type !== "sealed" && e.type !== "receipt") console.log(((world.time.nowMs - START_MS) / 1000).toFixed(3), node, "EFFECT", JSON.stringify(e)); },
  onAnswer: (node, a) => console.log(((world.time.nowMs - START_MS) / 1000).toFixed(3), node, "ANSWER", JSON.stringify(a)),
});
for (const c of world.coordinators) world.startCoordinator(c);
world.run(3000);
const c0 = world.coordinators[0]!;
world.submit(c0, world.sim.genesis.envelope); world.run(1000);
for (const e of policyCommands(world.sim, 1, world.time.nowMs)) {world.submit(c0, e);world.run(1000)}
const jr = world.random.split("join");
for (const h of world.sim.hosts) for (const e of joinCommands(world.sim, jr, h, world.time.nowMs)) {world.submit(c0, e);world.run(100)}
world.run(4000);
for (const s of world.sidecars) world.startSidecar(s);
world.run(4000);
for (const s of world.sidecars) console.log(s.person.name, s.node!.readiness());
const attacker = parseSubject("address:203.0.113.7") as SubjectText;
let n = 0;
for (let i = 0; i < 14; i++) {
  for (const s of world.sidecars.slice(0, 2)) world.observe(s, { id: `e${n++}`, timeMs: world.time.nowMs, kind: "login-failed", service: "sshd", address: attacker, account: parseSubject("user:sim/root") as SubjectText, isRoot: true, isAccountKnown: true, method: "password", count: 1 });
  world.run(1500);
}
world.run(5000);
for (const s of world.sidecars) console.log(s.person.name, s.node!.decide({ subjects: [attacker] }, world.reading(s)), s.node!.isFresh(), s.node!.courier.waiting);
const part = create(PrivatePartSchema, { salt: jr.bytes(16), content: encodeNew(PrivateSubjectSchema, { subject: "user:sim/mallory", statement: "seen twice" }) });
const now = BigInt(world.time.nowMs);
const body = encodeNew(ProposalSchema, { format: 1, createdMs: now, notAfterMs: now + 3600000n, nonce: jr.bytes(16), epoch: 1, commitment: commitmentOf(world.sim.crypto, part), wish: { case: "revoke", value: { subjectKind: SubjectKind.USER, stage: Stage.SUSPEND, ttlMs: 3600000n } } });
world.submit(c0, signEnvelope(world.sim.mesh, "proposal", body, world.sim.operators[0]!.signer), [part]);
world.run(2000);
for (const a of [world.sim.approvers[0]!, world.sim.approvers[2]!]) {
  world.submit(c0, signEnvelope(world.sim.mesh, "approval", encodeNew(ApprovalSchema, { format: 1, proposalId: world.sim.crypto.sha256(body), createdMs: now, notAfterMs: now + 3600000n }), a.signer));
  world.run(2000);
}
for (const s of world.sidecars) console.log(s.person.name, s.node!.decide({ subjects: [parseSubject("user:sim/mallory")!] }, world.reading(s)), s.node!.isFresh());
for (const l of [1, 2] as const) console.log(c0.node!.status(l));
