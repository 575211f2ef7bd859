// Where a streaming export goes: a file, or an HTTP receiver. Says that it has a batch only when it
// has: fsynced, or answered with 2xx.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { OstrakaError } from "@ostraka/proto";
import { usage } from "../failure.ts";
import { VERSION } from "../version.ts";

/** How a batch fared; `again` may come to something when it is sent again. */
export type Delivery =
  | { readonly state: "taken"; readonly bytes?: number }
  | { readonly state: "again"; readonly why: string; readonly afterMs?: number }
  | { readonly state: "refused"; readonly why: string };

export interface Receiver {
  /** In words, for messages. */
  readonly name: string;
  /**
   * @param key the same for the same batch, however often it is sent.
   * @param bytes length of a file's part that is known to be whole.
   * @param withinMs nobody waits for an answer any longer.
   */
  deliver(
    lines: readonly string[],
    key: string,
    bytes: number | undefined,
    withinMs: number,
  ): Promise<Delivery>;
}

/** A file: what a killed process left after the last whole batch is cut off before the next. */
export function fileReceiver(path: string): Receiver {
  return {
    name: path,
    deliver: async (lines, _key, bytes) => {
      const file = openSync(path, "a", 0o600);
      try {
        const { size } = fstatSync(file);
        if (bytes !== undefined && size > bytes) ftruncateSync(file, bytes);
        writeSync(file, lines.join(""));
        fsyncSync(file);
        return { state: "taken", bytes: fstatSync(file).size };
      } finally {
        closeSync(file);
      }
    },
  };
}

export interface HttpReceiverOptions {
  readonly url: URL;
  /** Value of the `Authorization` header. */
  readonly authorization?: string;
  /** PEM of CAs that the receiver's certificate may come from. */
  readonly ca?: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS_MAX = 300_000;
/** Statuses that say nothing of the batch itself (RFC 9110 section 15, RFC 6585). */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @throws OstrakaError OSTRAKA_USAGE when a secret would travel in the clear. */
export function httpReceiver(options: HttpReceiverOptions): Receiver {
  const { url, authorization, ca, timeoutMs: timeoutMsMax = TIMEOUT_MS } = options;
  const isLocal = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  if (authorization !== undefined && url.protocol === "http:" && !isLocal) {
    throw usage(`--to ${url.origin} is not encrypted, and --auth would be read on the way: https`);
  }
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return {
    name: `${url.origin}${url.pathname}`,
    deliver: (lines, key, _bytes, withinMs) =>
      new Promise((resolve) => {
        const timeoutMs = Math.max(1, Math.min(timeoutMsMax, Math.ceil(withinMs)));
        const body = Buffer.from(lines.join(""));
        const again = (why: string) => resolve({ state: "again", why });
        const headers = {
          "content-type": "application/x-ndjson",
          "content-length": body.length,
          "idempotency-key": key,
          "user-agent": `ostraka/${VERSION}`,
          ...(authorization === undefined ? {} : { authorization }),
        };
        const tls = ca === undefined ? {} : { ca };
        const signal = AbortSignal.timeout(timeoutMs);
        const request = send(url, { method: "POST", headers, signal, ...tls }, (response) => {
          // Whatever it says is dropped; that its answer ends is part of the answer.
          response.resume();
          response.once("error", (error) => again(wordsOf(error, timeoutMs)));
          response.once("end", () => {
            resolve(deliveryOf(response.statusCode ?? 0, response.headers["retry-after"]));
          });
        });
        request.once("error", (error) => again(wordsOf(error, timeoutMs)));
        request.end(body);
      }),
  };
}

function deliveryOf(status: number, retryAfter: string | undefined): Delivery {
  if (status >= 200 && status < 300) return { state: "taken" };
  if (!PASSING.has(status)) return { state: "refused", why: `it answers ${status}` };
  const afterMs = Number(retryAfter) * 1000;
  const wanted = afterMs > 0 ? { afterMs: Math.min(afterMs, RETRY_AFTER_MS_MAX) } : {};
  return { state: "again", why: `it answers ${status}`, ...wanted };
}

function wordsOf(error: Error, timeoutMs: number): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return `no answer within ${timeoutMs / 1000} s`;
  }
  return "code" in error ? `${error.code}` : error.message;
}

/** A destination as `--to` names it. @throws OstrakaError OSTRAKA_USAGE. */
export function urlOf(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usage(`--to ${text.slice(0, 200)} is no address: give a file or an https:// address`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw usage(`--to ${url.protocol}// cannot be sent to: give a file or an https:// address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw usage("--to holds a password: put the Authorization header in a file, --auth FILE");
  }
  return url;
}

/** Value of a header out of a file: one line of visible ASCII (RFC 9110 section 5.5). */
export function headerIn(path: string, text: string): string {
  const value = text.trim();
  if (/^[\x20-\x7e]+$/.test(value)) return value;
  throw new OstrakaError(
    "OSTRAKA_DATA_INVALID",
    `${path} holds no Authorization header: write one line, such as Bearer TOKEN`,
  );
}
