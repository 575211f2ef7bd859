// The two ways out of a notice: a program with the notice on its standard input, and a webhook
// signed by the rules of Standard Webhooks 1.0 (headers webhook-id, -timestamp, -signature: HMAC
// SHA-256 over id.timestamp.body). Delivered means: exit 0, or a status of 2xx, within the time.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { OstrakaError } from "@ostraka/proto";
import type { Notice } from "./notice.ts";

const DELIVER_MS_MAX = 30_000;
const TOLERATED_OUTPUT_BYTES = 4_096;

export type Deliver = (notice: Notice, nowMs: number) => Promise<void>;

/** Runs a program; no shell reads what it is given. */
export function execDelivery(command: readonly string[]): Deliver {
  const [program = "", ...args] = command;
  return (notice) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: ["pipe", "ignore", "pipe"],
        timeout: DELIVER_MS_MAX,
        killSignal: "SIGKILL",
        env: { ...process.env, OSTRAKA_NOTICE_ID: notice.id, OSTRAKA_NOTICE_KIND: notice.kind },
      });
      let said = "";
      child.stderr.on("data", (piece: Buffer) => {
        if (said.length < TOLERATED_OUTPUT_BYTES) said += piece.toString("utf8");
      });
      child.on("error", (error) => reject(failed(`${program} cannot be run`, error)));
      child.on("close", (code, signal) => {
        if (code === 0) resolve();
        else
          reject(failed(`${program} ended with ${code ?? signal}: ${said.trim().slice(0, 200)}`));
      });
      // A program that does not read its input is none the worse for it.
      child.stdin.on("error", () => undefined);
      child.stdin.end(`${JSON.stringify(notice)}\n`);
    });
}

/** @param secret the bytes behind `whsec_...`. */
export function webhookDelivery(url: string, secret: Uint8Array): Deliver {
  return async (notice, nowMs) => {
    const body = JSON.stringify(notice);
    const timestamp = String(Math.floor(nowMs / 1_000));
    let status: number;
    try {
      const response = await fetch(url, {
        method: "POST",
        body,
        redirect: "error",
        signal: AbortSignal.timeout(DELIVER_MS_MAX),
        headers: {
          "content-type": "application/json",
          "webhook-id": notice.id,
          "webhook-timestamp": timestamp,
          "webhook-signature": webhookSignature(secret, notice.id, timestamp, body),
        },
      });
      status = response.status;
      await response.body?.cancel();
    } catch (error) {
      throw failed(`${new URL(url).host} does not answer`, error);
    }
    if (status < 200 || status > 299) throw failed(`${new URL(url).host} answered ${status}`);
  };
}

/** `v1,` and the base64 of HMAC-SHA256(secret, id.timestamp.body). */
export function webhookSignature(
  secret: Uint8Array,
  id: string,
  timestamp: string,
  body: string,
): string {
  const signed = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`);
  return `v1,${signed.digest("base64")}`;
}

function failed(why: string, cause?: unknown): OstrakaError {
  return new OstrakaError("OSTRAKA_UNREACHABLE", `a notice was not delivered: ${why}`, { cause });
}
