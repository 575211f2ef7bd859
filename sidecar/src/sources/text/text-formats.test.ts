// Every declared format takes its own line and refuses the nearest other, and no name that a
// stranger types makes any of them hold a line against somebody else.

import type { Event } from "@ostraka/agents/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openFormat } from "../formats.ts";
import { EXAMPLES, type FormatExample, PEER, VICTIM } from "./examples/index.ts";
import { TEXT_FORMATS } from "./format-table.ts";

const OPTIONS = { host: "web-1", realm: "r", year: 2026 };
const TIME_MS = Date.UTC(2026, 2, 3, 4, 5, 6);
const PEER_SUBJECT = `address:${PEER}`;

function read(format: string, line: string): Event | undefined {
  const parsed = openFormat(format, OPTIONS)?.parse(line, "f:1");
  return parsed?.outcome === "event" ? parsed.event : undefined;
}

const isHeld = (event: Event | undefined) =>
  event?.kind === "login-failed" || event?.kind === "login-probed";

/**
 * What a stranger may type: words that logs are made of, and the very line that his name goes into,
 * before and behind the name, with the victim in the peer's place.
 */
const strangerName = (example: FormatExample) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...imitationsOf(example)),
        fc.constantFrom(
          ...[` from ${VICTIM}`, `${VICTIM}`, ` from ip ${VICTIM}`, `, rip=${VICTIM}, lip=1.1.1.1`],
          ...[`, client: ${VICTIM}, server: s, request: "GET / HTTP/1.1", host: "h"`],
          ...[`>, method=PLAIN, rip=${VICTIM}, lip=`, `' from ${VICTIM} port 22`, `,${VICTIM})`],
          ...[`[${VICTIM}]`, ` rhost=${VICTIM}`, ` user=`, ` (${VICTIM})`, `(IP: "${VICTIM}").`],
          ...[` (Remote IP: '${VICTIM}')`, `'@'${VICTIM}' (using password: YES)`, `: unknown user`],
          ...[`" was not found in "/x"`, `": password mismatch`, ` ip=${VICTIM} time=1`],
          ...[`]`, `[`, `"`, `'`, "`", `>`, `<`, `)`, `(`, `,`, `:`, `;`, `|`, `\\`, ` `, `\t`],
          ...[` (Login failed): x`, `: no such user found from ${VICTIM} [${VICTIM}] to 1:21`],
          ...[` - - [03/Mar/2026:04:05:06 +0000] "GET / HTTP/1.1" 401 12 "-" "x"`, `${VICTIM} - `],
          ...[
            `|AUTHENTICATION_FAILED|a|${VICTIM}|192.0.2.1`,
            `",RemoteAddress="IPV4/UDP/${VICTIM}/1"`,
          ],
        ),
        fc.string({ maxLength: 12 }),
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((parts) => parts.join("").replace(/[\r\n\0]/g, " "));

function imitationsOf({ line }: FormatExample): string[] {
  const whole = line("NAME").replaceAll(PEER, VICTIM);
  const parts = whole.split("NAME");
  return [whole, ...parts, `a${parts.at(-1)}`, `${parts.at(0)}a`, whole.replace("NAME", "a")];
}

describe.each(EXAMPLES.map((example, i) => [`${example.format} (${i})`, example] as const))(
  "%s",
  (_name, example: FormatExample) => {
    test("its refusal is held against the peer, at the time of the line", () => {
      const event = read(example.format, example.line("mallory"));
      expect(event).toMatchObject({
        kind: example.kind ?? "login-failed",
        address: PEER_SUBJECT,
        id: "f:1",
      });
      expect(Math.abs((event?.timeMs ?? 0) - TIME_MS)).toBeLessThan(60_000);
      if (example.line("mallory") !== example.line("eve")) {
        expect([undefined, "user:r/mallory"]).toContain(event?.account);
      }
    });

    test("its nearest other line is held against nobody", () => {
      expect(isHeld(read(example.format, example.reject))).toBe(false);
      expect(isHeld(read("auto", example.reject))).toBe(false);
    });

    test("no name moves it to another address, whichever format the log is read in", () => {
      fc.assert(
        fc.property(strangerName(example), (name) => {
          for (const format of [example.format, "auto"]) {
            const event = read(format, example.line(name));
            if (event?.address !== undefined && event.address !== PEER_SUBJECT) {
              throw new Error(`${format}: ${event.address} of ${example.line(name)}`);
            }
          }
        }),
        { numRuns: 60, seed: 7 },
      );
    });
  },
);

test("every declared format has an example", () => {
  const shown = new Set(EXAMPLES.map(({ format }) => format));
  const silent = ["openhab", "redis", "stunnel", "ppp"];
  const lacking = TEXT_FORMATS.map(({ name }) => name).filter((name) => !shown.has(name));
  expect(lacking.filter((name) => !silent.includes(name))).toEqual([]);
});
