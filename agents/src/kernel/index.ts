// The door of the kernel: what every agent may share. Agents never import one another.

export { EVENT_KINDS, type Event, type EventKind } from "./event.ts";
export {
  newOut,
  orderedKey,
  type Out,
  type Publication,
  type Reply,
  type Sealing,
  type Store,
  type Trace,
  type Write,
} from "./ports.ts";
