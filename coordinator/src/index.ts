// The public door of @ostraka/coordinator: running one, and the clients of its admin API.

export type {
  CallOptions,
  ServiceClient,
  WatchOptions,
} from "./api/grpc-service.ts";
export type { AdminAccess, AdminClient, AdminServices, JoinClient } from "./client.ts";
export { connectAdmin, joinClient } from "./client.ts";
export type { CoordinatorConfig } from "./config.ts";
export { loadConfig, parseConfig } from "./config.ts";
export { SCRUB_PERIOD_MS } from "./journal-scrub.ts";
export { COORDINATOR_NODE_FLAGS, runCoordinator } from "./main.ts";
export { readTlsFile } from "./tls-file.ts";
