// Asks the hosts of this data directory what stands behind a decision of theirs, on their loopback
// address. What a host answers about itself is its own word; the revocation behind it is verified
// in the ledgers.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isName } from "@ostraka/agents/node";
import { parse } from "yaml";
import { pathsOf } from "./mesh-dir.ts";

const ANSWER_MS_MAX = 3_000;
const ANSWER_BYTES_MAX = 262_144;

/** What a host tells of a decision; fields that it does not know are absent. */
export interface HostAnswer {
  readonly host: string;
  readonly decision?: {
    readonly id: string;
    readonly time: string | null;
    readonly enforcer: string;
    readonly answer: string;
    readonly reason: string;
    readonly request?: { readonly subjects?: readonly string[]; readonly resource?: string };
  };
  readonly revocation?: { readonly id: string };
  readonly lease?: {
    readonly id: string;
    readonly subject: string;
    readonly stage: string;
    readonly until: string | null;
  };
  readonly seenHere?: {
    readonly evidenceMdb?: number;
    readonly levelMdb?: number;
    /** Sentences, the strongest reason first; last what would have kept it quiet. */
    readonly explained?: readonly string[];
  } | null;
}

/** The first host that knows an id; the one whose name it carries is asked first. */
export async function askHosts(dir: string, id: string): Promise<HostAnswer | undefined> {
  const hosts = endpointsIn(dir).sort((a, b) => {
    return Number(id.startsWith(`${b.name}-`)) - Number(id.startsWith(`${a.name}-`));
  });
  for (const { explain } of hosts) {
    const answer = await ask(explain, id);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function endpointsIn(dir: string): { readonly name: string; readonly explain: string }[] {
  let names: string[];
  try {
    names = readdirSync(pathsOf(dir).hosts).filter(isName);
  } catch {
    // No hosts here: nobody to ask.
    return [];
  }
  return names.flatMap((name) => {
    const explain = explainOf(join(pathsOf(dir).host(name), "config.yaml"));
    return explain === undefined ? [] : { name, explain };
  });
}

/** Only a loopback address is asked: the question names a decision, the answer names subjects. */
function explainOf(path: string): string | undefined {
  try {
    const config = parse(readFileSync(path, "utf8"), { maxAliasCount: 0 }) as { explain?: unknown };
    const { explain } = config;
    const isLocal = typeof explain === "string" && /^(127\.|localhost:|\[::1\]:)/.test(explain);
    return isLocal && !explain.endsWith(":0") ? explain : undefined;
  } catch {
    // A host's configuration that cannot be read belongs to a host that does not run.
    return undefined;
  }
}

async function ask(address: string, id: string): Promise<HostAnswer | undefined> {
  try {
    const response = await fetch(`http://${address}/explain/${encodeURIComponent(id)}`, {
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: "error",
    });
    if (!response.ok) return undefined;
    const text = await bounded(response);
    return text === undefined ? undefined : (JSON.parse(text) as HostAnswer);
  } catch {
    // A host that does not run knows nothing.
    return undefined;
  }
}

/** The body, or `undefined` when it is longer than any host's answer. */
async function bounded(response: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > ANSWER_BYTES_MAX) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
