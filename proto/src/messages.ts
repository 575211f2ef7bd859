// Every generated message and enum of ostraka/v1 but the admin API, which has a door of its own.
// Generated code is imported through here only.

export * from "./gen/ostraka/v1/envelope_pb.js";
export * from "./gen/ostraka/v1/ledger_pb.js";
export * from "./gen/ostraka/v1/resync_pb.js";
export * from "./gen/ostraka/v1/roster_pb.js";
export * from "./gen/ostraka/v1/signal_pb.js";
export * from "./gen/ostraka/v1/verdict_pb.js";
