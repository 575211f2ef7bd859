// The door of the roster agent.

export {
  isName,
  meshIdOf,
  type OpenedGenesis,
  openGenesis,
} from "./genesis.ts";
export { Roster } from "./roster.ts";
export type { RosterVersion } from "./roster-version.ts";
