// What a watch asks for at the next coordinator, and what of its answers is news.

import { create } from "@bufbuild/protobuf";
import {
  HostService,
  HostServiceWatchResponseSchema,
  LedgerService,
  ProposalService,
  ProposalServiceWatchResponseSchema,
  WaitingState,
  WatchEntriesResponseSchema,
} from "@ostraka/proto/gen/admin";
import { expect, test } from "vitest";
import { resumeOf } from "./watch-resume.ts";

const receipt = (n: number) => ({ type: "receipt", body: Uint8Array.of(n), signatures: [] });
const host = (name: string, n?: number, heardMs = 0n) =>
  create(HostServiceWatchResponseSchema, {
    item: {
      case: "host",
      value: { name, heardMs, ...(n !== undefined && { receipt: receipt(n) }) },
    },
  });
const waiting = (n: number, state: WaitingState) =>
  create(ProposalServiceWatchResponseSchema, {
    item: { case: "waiting", value: { id: Uint8Array.of(n), state } },
  });

test("a watch with places is taken up behind the last one that it named", () => {
  const request = { ledger: 1 };
  const resume = resumeOf(LedgerService.method.watchEntries, request);
  expect(resume.request()).toEqual(request);
  const at = { control: 7n, signals: 3n };
  expect(resume.take(create(WatchEntriesResponseSchema, { at }))).toBe(true);
  expect(resume.request()).toMatchObject({ ledger: 1, resumeAfter: at });
});

test("before there is a place it begins again, and gives what has changed only", () => {
  const resume = resumeOf(ProposalService.method.watch, {});
  expect(resume.take(waiting(1, WaitingState.OPEN))).toBe(true);
  expect(resume.take(waiting(2, WaitingState.OPEN))).toBe(true);
  expect(resume.request()).toEqual({});
  expect(resume.take(waiting(1, WaitingState.DECIDED))).toBe(true);
  expect(resume.take(waiting(2, WaitingState.OPEN))).toBe(false);
});

test("a host is news when its receipt is, not because another coordinator heard it later", () => {
  const resume = resumeOf(HostService.method.watch, {});
  expect(resume.take(host("web-1"))).toBe(true);
  expect(resume.take(host("web-1", 1))).toBe(true);
  expect(resume.take(host("web-1", 1, 99n))).toBe(false);
  expect(resume.take(host("web-2", 1))).toBe(true);
  expect(resume.take(host("web-1", 2))).toBe(true);
  const left = create(HostServiceWatchResponseSchema, {
    item: { case: "host", value: { name: "web-1", hasLeft: true } },
  });
  expect([resume.take(left), resume.take(left)]).toEqual([true, false]);
});
