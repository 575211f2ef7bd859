// Entry of the process of one small protected HTTP service, for the demonstration of `up` only: it
// stands behind its host's gate and listens on this machine alone.
// Usage: node service-process.ts NAME PORT GATE_URL.

import { watchParent } from "@ostraka/host/parent-watch";
import { startProtectedService } from "@ostraka/sidecar/demo";

async function main(name: string, port: number, gateUrl: string): Promise<void> {
  const service = await startProtectedService({ name, host: "127.0.0.1", port, gateUrl });
  const end = () => {
    service.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
  watchParent(process.env, end);
  process.stdout.write(`${JSON.stringify({ ready: true, port: service.port })}\n`);
}

const [name, port, gateUrl] = process.argv.slice(2);
if (import.meta.main && name && port && gateUrl) await main(name, Number(port), gateUrl);
