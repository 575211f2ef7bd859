import { expect, test } from "vitest";
import { hashText, type Observation, openObservation } from "../observation.ts";
import { sequence, strangenessOf } from "./sequence.ts";
import { damped, OWN_TOTAL_MAX, OWN_WORDS, WINDOW } from "./sequence-profile.ts";

interface Stand {
  readonly own: Int32Array;
  readonly peers: Int32Array;
}

function open(): Stand {
  return { own: new Int32Array(sequence.words), peers: new Int32Array(sequence.peerWords) };
}

const seen = openObservation();

function saw(action: string): Observation {
  seen.outcome = "acted";
  seen.actionHash = hashText(action);
  return seen;
}

/** As the scorer calls it. */
function act({ own, peers }: Stand, action: string, mayTeach = true): number {
  const strangeness = sequence.strangeness(own, peers, saw(action));
  sequence.note(own, saw(action), peers);
  if (mayTeach) {
    sequence.teach(peers, own, saw(action));
    sequence.learn(own, saw(action));
  }
  return strangeness;
}

/** The same model over maps, in the obvious way: no hash, no bound, everything counted anew. */
class DumbTwin {
  readonly past: (readonly [string, string])[] = [];
  readonly done: string[] = [];
  readonly trials: (readonly [number, boolean])[] = [];

  strangeness(others: readonly DumbTwin[], action: string): number {
    const context = this.done.at(-1) ?? "";
    const window = this.done.slice(-WINDOW);
    const count = (twin: DumbTwin, one: string) => twin.past.filter(([, b]) => b === one).length;
    const runs = (twin: DumbTwin, one: string) =>
      twin.past.filter(([a, b]) => a === context && a !== "" && b === one).length;
    const actions = new Set([this, ...others].flatMap((twin) => twin.past.map(([, b]) => b)));
    const worth = (one: string, of: readonly DumbTwin[]) =>
      of.reduce((sum, twin) => sum + damped(count(twin, one)), 0);
    const everybody = [this, ...others];
    const sums = [...actions].map((one) => worth(one, everybody));
    const worthOfAll = (of: readonly DumbTwin[]) =>
      [...actions].reduce((sum, one) => sum + worth(one, of), 0);
    const total = sums.reduce((sum, one) => sum + one, 0);
    const unheard = (sums.filter((one) => one === 1).length + 1) / (total + 2);
    const known = actions.size + 1;
    const after = new Set(others.flatMap((twin) => twin.past.filter(([a]) => a === context && a)));
    const kinds = new Set(
      [...after, ...this.past.filter(([a]) => a === context && a)].map((r) => r[1]),
    );
    const worthRuns = (of: readonly DumbTwin[]) =>
      [...kinds].reduce((sum, one) => sum + of.reduce((s, t) => s + damped(runs(t, one)), 0), 0);
    const bin = damped(count(this, context));
    const tried = this.trials.filter(([where]) => where === bin);
    return strangenessOf({
      uses: count(this, action),
      total: this.past.length,
      runs: runs(this, action),
      contextUses: count(this, context),
      escape: (tried.filter(([, isNew]) => isNew).length + 1) / (tried.length + 2),
      recent: window.filter((one) => one === action).length,
      recentTotal: window.length,
      recentRuns: window.filter((one, i) => one === action && (window[i - 1] ?? "") === context)
        .length,
      recentContext: window.filter((_, i) => (window[i - 1] ?? "") === context).length,
      peersUses: worth(action, others),
      peersTotal: Math.max(worthOfAll(others), total / 2),
      peersRuns: others.reduce((sum, twin) => sum + damped(runs(twin, action)), 0),
      peersContext: worthRuns(everybody),
      peersContextKinds: kinds.size,
      peersEscape: unheard,
      vocabulary: Math.max(256, known / (1 - Math.min(0.9, unheard))),
    });
  }

  act(action: string): void {
    const context = this.done.at(-1) ?? "";
    if (context !== "") {
      const isNew = !this.past.some(([a, b]) => a === context && b === action);
      this.trials.push([damped(this.past.filter(([, b]) => b === context).length), isNew]);
    }
    this.past.push([context, action]);
    this.done.push(action);
  }
}

test("it says what the same model over maps says, to the last bits", () => {
  const peers = new Int32Array(sequence.peerWords);
  const stands = [0, 1, 2].map(() => ({ own: new Int32Array(sequence.words), peers }));
  const twins = stands.map(() => new DumbTwin());
  let state = 7;
  const roll = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % below;
  };
  for (let i = 0; i < 110; i++) {
    for (const [n, twin] of twins.entries()) {
      const action = `a${n * 4 + roll(12)}`;
      const others = twins.filter((one) => one !== twin);
      const said = act(stands[n] as Stand, action);
      expect(said).toBeCloseTo(twin.strangeness(others, action), 9);
      twin.act(action);
    }
  }
});

test("a newcomer is neither strange nor ordinary: it is silent", () => {
  const stand = open();
  expect(sequence.strangeness(undefined, stand.peers, saw("ls"))).toBeNaN();
  expect(act(stand, "ls")).toBeCloseTo(0, 9);
  const crowd = teachCrowd();
  const newcomer = { own: new Int32Array(sequence.words), peers: crowd };
  for (const action of ["ls", "vi", "never-seen"]) {
    expect(Math.abs(sequence.strangeness(newcomer.own, crowd, saw(action)))).toBeLessThan(1e-9);
  }
});

/** Twelve subjects who all do `ls` and `cd`, and each something of his own. */
function teachCrowd(): Int32Array {
  const peers = new Int32Array(sequence.peerWords);
  for (let n = 0; n < 12; n++) {
    const stand = { own: new Int32Array(sequence.words), peers };
    for (let i = 0; i < 400; i++)
      act(stand, ["ls", "cd", "vi", `own-${n}`][(i * i + n) % 4] as string);
  }
  return peers;
}

test("what the owner does is the owner's, what others do is not, what nobody does lies between", () => {
  const peers = teachCrowd();
  const stand = { own: new Int32Array(sequence.words), peers };
  for (let i = 0; i < 600; i++) act(stand, ["make", "gdb", "ls"][i % 3] as string);
  const bits = (action: string) => sequence.strangeness(stand.own, peers, saw(action));
  expect(bits("make")).toBeLessThan(-0.5);
  expect(bits("cd")).toBeGreaterThan(0.5);
  expect(bits("unheard-of")).toBeLessThan(bits("cd"));
  expect(bits("unheard-of")).toBeGreaterThan(bits("ls"));
});

test("the order counts: known actions in an order of somebody else's are stranger", () => {
  const stand = open();
  for (let i = 0; i < 900; i++) act(stand, `step-${i % 6}`);
  act(stand, "step-0", false);
  const inOrder = sequence.strangeness(stand.own, stand.peers, saw("step-1"));
  const outOfOrder = sequence.strangeness(stand.own, stand.peers, saw("step-4"));
  expect(outOfOrder).toBeGreaterThan(inOrder + 0.3);
});

test("what may not teach moves only the window: the past stays to the bit", () => {
  const stand = open();
  for (let i = 0; i < 300; i++) act(stand, `a${i % 7}`);
  const own = stand.own.slice(16 + WINDOW);
  const peers = stand.peers.slice();
  for (let i = 0; i < 500; i++) act(stand, `strange-${i % 50}`, false);
  expect(stand.own.slice(16 + WINDOW)).toEqual(own);
  expect(stand.peers).toEqual(peers);
});

test("a copy of the numbers goes on as the original does", () => {
  const stand = open();
  for (let i = 0; i < 700; i++) act(stand, `a${(i * i) % 23}`);
  const copy = { own: Int32Array.from([...stand.own]), peers: Int32Array.from([...stand.peers]) };
  for (let i = 0; i < 300; i++) {
    expect(act(copy, `a${(i * 5) % 31}`)).toBe(act(stand, `a${(i * 5) % 31}`));
  }
  expect(copy).toEqual(stand);
});

test("one subject makes an action ordinary for the peers only as fast as its logarithm", () => {
  const peers = teachCrowd();
  const victim = { own: new Int32Array(sequence.words), peers };
  for (let i = 0; i < 600; i++) act(victim, ["make", "gdb"][i % 2] as string);
  const before = sequence.strangeness(victim.own, peers, saw("cd"));
  const attacker = { own: new Int32Array(sequence.words), peers };
  for (let i = 0; i < 10_000; i++) act(attacker, "exfiltrate");
  const after = sequence.strangeness(victim.own, peers, saw("cd"));
  expect(Math.abs(after - before)).toBeLessThan(0.25);
});

test("a way that peers spend a fourth of their acts on is not taught by a twelfth of one's own", () => {
  const peers = teachCrowd();
  const stand = { own: new Int32Array(sequence.words), peers };
  const ordinary = 1_200;
  for (let i = 0; i < ordinary; i++) act(stand, ["make", "gdb", "git"][i % 3] as string);
  const bits = () => sequence.strangeness(stand.own, peers, saw("cd"));
  const sitting = () => {
    for (let i = 0; i < WINDOW; i++) act(stand, ["make", "gdb", "git"][i % 3] as string, false);
  };
  sitting();
  expect(bits()).toBeGreaterThan(1);
  let taught = 0;
  for (; bits() > 0 && taught < ordinary; taught++) {
    act(stand, "cd");
    sitting();
  }
  // Always after the same action, which is learned soonest; by itself it would take a fourth.
  expect(taught / (ordinary + taught)).toBeGreaterThan(1 / 12);
  expect(taught / (ordinary + taught)).toBeLessThan(1 / 3);
});

test("whoever comes late to a group that others have taught stays comparable", () => {
  const stand = { own: new Int32Array(sequence.words), peers: new Int32Array(sequence.peerWords) };
  for (let i = 0; i < 4_000; i++) act(stand, `a${(i * i) % 37}`);
  const group = { own: new Int32Array(sequence.words), peers: new Int32Array(sequence.peerWords) };
  for (let i = 0; i < 30; i++) act(group, `a${i % 5}`);
  for (const action of ["a0", "a1", "a2", "unheard-of"]) {
    const bits = sequence.strangeness(stand.own, group.peers, saw(action));
    expect(Number.isFinite(bits) && Math.abs(bits) < 12, `${action} ${bits}`).toBe(true);
  }
});

test("hostile numbers give finite bits and stay inside the profile", () => {
  const stand = open();
  const hostile = { ...openObservation(), hourOfWeek: Number.NaN, sizeBytes: Number.NaN };
  for (const hash of [0, 1, -1, 0x7fffffff, -0x80000000, Number.NaN, 1.5]) {
    for (let i = 0; i < 50; i++) {
      const one = { ...hostile, actionHash: hash, processHash: hash };
      expect(Number.isFinite(sequence.strangeness(stand.own, stand.peers, one))).toBe(true);
      sequence.note(stand.own, one, stand.peers);
      sequence.teach(stand.peers, stand.own, one);
      sequence.learn(stand.own, one);
    }
  }
  const noise = { own: new Int32Array(sequence.words), peers: new Int32Array(sequence.peerWords) };
  for (let i = 0; i < 60_000; i++) {
    const bits = act(noise, `invented-${i}`);
    if (!(Math.abs(bits) < 40)) expect(bits).toBe("finite and small");
  }
});

test("a long life is halved: it never outgrows its words, and still knows its habits", () => {
  const stand = open();
  for (let i = 0; i < 2.5 * OWN_TOTAL_MAX; i++) act(stand, `a${i % 5}`);
  expect(stand.own[0] as number).toBeLessThan(OWN_TOTAL_MAX);
  expect(sequence.words).toBe(OWN_WORDS);
  expect(sequence.words).toBeLessThanOrEqual(1_200);
  expect(sequence.strangeness(stand.own, stand.peers, saw("a1"))).toBeLessThan(
    sequence.strangeness(stand.own, stand.peers, saw("other")),
  );
});
