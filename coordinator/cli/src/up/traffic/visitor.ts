// Somebody's web requests to the protected services, through the front as any client's. The address
// that a simulated client has is told in a header that only these demonstration services believe.

import { Agent, request } from "node:http";
import { DEMO_CLIENT_HEADER, DEMO_USER_HEADER } from "@ostraka/sidecar/demo";

export interface WebAnswer {
  readonly status: number;
  readonly decision: string;
  readonly revocation: string;
  /** The refusal's JSON, when there is one. */
  readonly body: { readonly reason?: string; readonly until?: string };
}

const ANSWER_MS_MAX = 5_000;
const BODY_CHARS_MAX = 10_000;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** One GET. Rejects when the service cannot be reached. */
export function visit(
  port: number,
  path: string,
  client: { readonly address: string; readonly user?: string },
): Promise<WebAnswer> {
  const headers: Record<string, string> = { [DEMO_CLIENT_HEADER]: client.address };
  if (client.user !== undefined) headers[DEMO_USER_HEADER] = client.user;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const asked = request({ host: "127.0.0.1", port, path, headers, agent, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text = (text + chunk).slice(0, BODY_CHARS_MAX);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          status: response.statusCode as number,
          decision: String(response.headers["x-ostraka-decision"] ?? ""),
          revocation: String(response.headers["x-ostraka-revocation"] ?? ""),
          body: bodyOf(text),
        });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Whether an answer is a refusal of the gate, and not a service that is just coming back. */
export function isRefusal({ status }: WebAnswer): boolean {
  return status === 403 || status === 401;
}

/** Lets go of kept connections, so that the process can end. */
export function endVisits(): void {
  agent.destroy();
}

function bodyOf(text: string): WebAnswer["body"] {
  try {
    return JSON.parse(text) as WebAnswer["body"];
  } catch {
    return {}; // not the gate's JSON: the status says enough
  }
}
