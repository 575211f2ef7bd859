import { expect, test } from "vitest";
import { hashText, type Observation, openObservation } from "../observation.ts";
import { CELLS, embedding, PAST_AT } from "./embedding.ts";
import { PROFILE_DETECTORS } from "./profiles.ts";

const seen = openObservation();

function saw(action: string, target: string, hourOfWeek = 10): Observation {
  seen.actionHash = hashText(action);
  seen.targetHash = hashText(target);
  seen.hourOfWeek = hourOfWeek;
  return seen;
}

interface Stand {
  readonly own: Int32Array;
  readonly peers: Int32Array;
}

function open(): Stand {
  return { own: new Int32Array(embedding.words), peers: new Int32Array(embedding.peerWords) };
}

function act({ own, peers }: Stand, one: Observation, mayTeach = true): number {
  const strangeness = embedding.strangeness(own, peers, one);
  embedding.note(own, one, peers);
  if (mayTeach) {
    embedding.teach(peers, own, one);
    embedding.learn(own, one);
  }
  return strangeness;
}

/** A developer of this number at work: two actions on five things of his own. */
function work(n: number, i: number): Observation {
  return saw(["build", "test"][i % 2] as string, `repository-${n}-${i % 5}`);
}

test("a newcomer is silent, and so is whoever is not vouched", () => {
  const stand = open();
  expect(embedding.strangeness(undefined, stand.peers, saw("a", "b"))).toBeNaN();
  for (let i = 0; i < 60; i++) expect(act(stand, work(1, i))).toBeNaN();
});

test("a window of somebody else's work is far from the owner's past, his own is near", () => {
  const stands = [1, 2, 3].map(() => new Int32Array(embedding.words));
  const peers = new Int32Array(embedding.peerWords);
  for (let i = 0; i < 500; i++) {
    stands.forEach((own, n) => void act({ own, peers }, work(n, i)));
  }
  const stand = { own: stands[0] as Int32Array, peers };
  const usual = embedding.strangeness(stand.own, peers, work(0, 0));
  const others: number[] = [];
  for (let i = 0; i < 100; i++) others.push(act(stand, work(2, i), false));
  expect(usual).toBeLessThan(-0.5);
  expect(others.at(-1)).toBeGreaterThan(usual + 0.8);
  for (let i = 0; i < 400; i++) act(stand, work(0, i), false);
  expect(embedding.strangeness(stand.own, peers, work(0, 0))).toBeLessThan(usual + 0.2);
});

test("what may not teach leaves the past and the peers as they were", () => {
  const stand = open();
  for (let i = 0; i < 200; i++) act(stand, work(1, i));
  const past = stand.own.slice(PAST_AT, PAST_AT + CELLS);
  const peers = stand.peers.slice();
  for (let i = 0; i < 200; i++) act(stand, saw(`other-${i}`, "elsewhere"), false);
  expect(stand.own.slice(PAST_AT, PAST_AT + CELLS)).toEqual(past);
  expect(stand.peers).toEqual(peers);
});

test("the past turns only as fast as its memory: a tenth of a day's flood is not a tenth of it", () => {
  const stand = open();
  for (let i = 0; i < 4_000; i++) act(stand, work(1, i));
  const window = open();
  for (let i = 0; i < 200; i++) act(window, saw("exfiltrate", "vault"));
  const far = () => {
    for (let i = 0; i < 400; i++) act(stand, saw("exfiltrate", "vault"), false);
    return embedding.strangeness(stand.own, new Int32Array(embedding.peerWords), seen);
  };
  const before = far();
  for (let i = 0; i < 40; i++) act(stand, saw("exfiltrate", "vault"));
  expect(before - far()).toBeLessThan(0.2);
});

test("no cell overflows, whatever comes and however long", () => {
  const stand = open();
  for (let i = 0; i < 100_000; i++) act(stand, saw("same", "thing", 3));
  const hostile = { ...openObservation(), actionHash: Number.NaN, hourOfWeek: Number.NaN };
  for (let i = 0; i < 1_000; i++) act(stand, { ...hostile, targetHash: -0x80000000 + i });
  expect(Number.isFinite(embedding.strangeness(stand.own, stand.peers, seen))).toBe(true);
  const largest = Math.max(...stand.own.map(Math.abs), ...stand.peers.map(Math.abs));
  expect(largest).toBeLessThan(2 ** 30);
});

test("a copy of the numbers goes on as the original does", () => {
  const stand = open();
  for (let i = 0; i < 300; i++) act(stand, work(i % 3, i));
  const copy = { own: Int32Array.from([...stand.own]), peers: Int32Array.from([...stand.peers]) };
  for (let i = 0; i < 100; i++) expect(act(copy, work(2, i))).toBe(act(stand, work(2, i)));
});

test("profiles of all detectors here stay inside their part of 8 kB", () => {
  const words = PROFILE_DETECTORS.reduce((sum, detector) => sum + detector.words, 0);
  expect(embedding.words).toBeLessThanOrEqual(400);
  expect(words).toBeLessThanOrEqual(1_600);
});
