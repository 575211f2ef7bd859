// The JSON Schema of a policy document, for editors: made of the very shapes that the parser reads
// by. What only a roster, a budget or a calendar can say is not in it; `policy lint` says that.

import { TREE_SCHEMA_NAME, treeSchema } from "./approval-tree.ts";
import { policyShape } from "./parse-policy.ts";
import type { JsonSchema } from "./shape.ts";

/** JSON Schema 2020-12 of a policy document of the newest machine version. */
export function policySchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Ostraka policy",
    description: "One document, one epoch. `ostraka policy lint` says what no schema can.",
    ...policyShape.schema,
    $defs: { [TREE_SCHEMA_NAME]: treeSchema() },
  };
}
