// The door of `ostraka up`.

export { runUp } from "./up.ts";
export type { UpOptions } from "./up-options.ts";
