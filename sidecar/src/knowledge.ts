// What a configuration has a host know beside its events: where addresses are, rules, lists of
// threat intelligence. Owns that each is loaded only where it is named, and that all are let go of
// together. Decides nothing, and fetches nothing.

import type { ScorerAdditions } from "@ostraka/agents/scorer";
import type { Log } from "@ostraka/host";
import type { SidecarConfig } from "./config.ts";
import type { GeoDatabase } from "./geo.ts";
import { hasContext } from "./has-context.ts";
import { IntelFiles } from "./intel.ts";
import type { RulesInForce } from "./rules-in-force.ts";

export interface Knowledge {
  /** What the scorer is opened with. */
  readonly scorer: ScorerAdditions;
  readonly places: GeoDatabase | undefined;
  /** Reads the lists, and follows them and the rules from now on. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Loads what the configuration names; the lists are read at `start`.
 * @throws OstrakaError OSTRAKA_CONFIG_INVALID for rules with a fault and a damaged database.
 */
export async function openKnowledge(
  config: SidecarConfig,
  log: Log,
  nowMs: () => number,
): Promise<Knowledge> {
  const places = await openPlaces(config);
  const rules = await openRules(config, log);
  const intel = new IntelFiles({ sources: config.intel, log, nowMs });
  return {
    places,
    scorer: {
      intel: intel.book,
      hasContext: hasContext(config),
      ...(rules !== undefined && { rules: rules.book }),
    },
    start() {
      rules?.start();
      return intel.start();
    },
    async close() {
      rules?.close();
      await intel.close();
    },
  };
}

/** Who has no rules does not load their engine either. */
async function openRules({ rules }: SidecarConfig, log: Log): Promise<RulesInForce | undefined> {
  if (rules.length === 0) return undefined;
  const { RulesInForce } = await import("./rules-in-force.ts");
  return new RulesInForce({ places: rules, log });
}

/** Most hosts have no database of places, and those do not load its reader. */
async function openPlaces({ geo }: SidecarConfig): Promise<GeoDatabase | undefined> {
  if (geo === undefined) return undefined;
  const { openGeo } = await import("./geo.ts");
  return openGeo(geo.path);
}
