// The one door to Node's HTTP server. An `import` of node:http reads every name it exports, and one
// of them is a getter that loads Node's whole fetch: 14 MiB of an idle host and 40 ms of its start.

export const { createServer } = process.getBuiltinModule("node:http");
