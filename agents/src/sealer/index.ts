// The door of the sealer agent.

export { openSealedHead, type Sealed, Sealer } from "./sealer.ts";
