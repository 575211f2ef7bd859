// `ostraka host join`: makes a host's folder from a token. The joining itself, with all its checks,
// is the sidecar's; here are the flags and the call.

import { joinClient } from "@ostraka/coordinator";
import { hex } from "@ostraka/proto";
import { type Enroll, joinMesh } from "@ostraka/sidecar/join";
import { durationOf } from "../duration.ts";
import { usage } from "../failure.ts";
import { freePorts } from "../init/free-ports.ts";
import { printable, type Terminal } from "../terminal.ts";

export interface JoinFlags {
  readonly data: string;
  readonly json: boolean;
  readonly token?: string;
  readonly authLog?: readonly string[];
  readonly gate?: string;
  readonly timeout: string;
}

const CALL_MS = 25_000;

/** Calls Join over TLS that trusts the CA of the fingerprint alone. */
export const enroll: Enroll = async (address, caFingerprint, request) => {
  const client = await joinClient(address, hex(caFingerprint));
  try {
    return await client.enrollment.join(request, { timeoutMs: CALL_MS });
  } finally {
    client.close();
  }
};

export async function runHostJoin(flags: JoinFlags, terminal: Terminal): Promise<number> {
  if (flags.token === undefined) throw usage("name the token: ostraka host join --token FILE");
  const waitMs = durationOf("--timeout", flags.timeout);
  const sources = flags.authLog?.map((path) => ({ type: "auth-log", path }));
  // `explain` asks a host by the port in its configuration, so the port is chosen now and stays.
  const [port] = await freePorts(1);
  const joined = await joinMesh({
    tokenFile: flags.token,
    dataDir: flags.data,
    enroll,
    waitMs,
    explain: `127.0.0.1:${port}`,
    ...(sources === undefined ? {} : { sources }),
    ...(flags.gate === undefined ? {} : { gate: gateOf(flags.gate) }),
    onStep: (step, text) => terminal.note(printable(step === "asking" ? `asking ${text}` : text)),
  });
  if (flags.json) terminal.json(joined);
  else {
    terminal.say(`${joined.name} is a member as of c:${joined.membershipIndex}`);
    terminal.note(`start it: ostraka sidecar --config ${joined.configPath}`);
  }
  return 0;
}

function gateOf(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw usage(`--gate ${text.slice(0, 80)}: give HOST:PORT`);
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
