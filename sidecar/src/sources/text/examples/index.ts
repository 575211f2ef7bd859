// All examples of declared text formats, for tests alone. Whoever declares a format adds its
// example to one of these.

import type { FormatExample } from "./example.ts";
import { GATE_EXAMPLES } from "./gate-examples.ts";
import { INFRA_EXAMPLES } from "./infra-examples.ts";
import { LOGIN_EXAMPLES } from "./login-examples.ts";
import { MAIL_EXAMPLES } from "./mail-examples.ts";
import { SERVER_EXAMPLES } from "./servers-examples.ts";
import { WEB_EXAMPLES } from "./web-examples.ts";

export { type FormatExample, PEER, VICTIM } from "./example.ts";

export const EXAMPLES: readonly FormatExample[] = [
  ...MAIL_EXAMPLES,
  ...LOGIN_EXAMPLES,
  ...WEB_EXAMPLES,
  ...INFRA_EXAMPLES,
  ...SERVER_EXAMPLES,
  ...GATE_EXAMPLES,
];
