// The public door of @ostraka/proto: the contract every other package shares.

export * from "./address.ts";
export * from "./assert.ts";
export * from "./bytes.ts";
export * from "./channels.ts";
export * from "./crypto.ts";
export * from "./digest-trie.ts";
export * from "./ed25519.ts";
export * from "./ed25519-self-test.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./limits.ts";
export * from "./merkle.ts";
export * from "./messages.ts";
export * from "./reject.ts";
export * from "./subject.ts";
export * from "./wire.ts";
