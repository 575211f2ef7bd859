// Whether a kill switch would still get through, and if not, which link of the way is the first
// that is broken. A pure function of what one coordinator sees; says what to do about it.

/** What one coordinator knows of the way from a command to the last host. */
export interface FiringFacts {
  readonly isStoreFailed: boolean;
  readonly isBusConnected: boolean;
  /** Why the control journal is damaged. */
  readonly damage: string | undefined;
  /** Whether machine time runs and the genesis is entered. */
  readonly isTaking: boolean;
  /** 0 before the first policy. */
  readonly epoch: number;
  /** Seals that are missing for so long that the ledger stands still. */
  readonly missingSeals:
    | { readonly have: number; readonly needed: number; readonly of: string }
    | undefined;
  /** Whether the mesh enters probes: from machine version 2 on. */
  readonly hasProbes: boolean;
  readonly probeEveryMs: number;
  /** The newest probe that was entered. */
  readonly probe: LastProbe | undefined;
}

export interface LastProbe {
  readonly agoMs: number;
  /** From its signature to a majority's seals; `undefined` where this process did not see it. */
  readonly sealedInMs: number | undefined;
  readonly isSealed: boolean;
  readonly hosts: number;
  /** Names of the hosts whose receipts have not passed it. */
  readonly missingHosts: readonly string[];
}

export interface CanFire {
  readonly canFire: boolean;
  /** To be read after "can still fire: ". */
  readonly text: string;
}

/** A probe is overdue after so many of its periods. */
const OVERDUE_PERIODS = 3;
/** A host passes a probe with its next heartbeat; until so long after, it is on its way. */
const HOSTS_MS = 10_000;
const HOSTS_NAMED_MAX = 5;

/** Names the first broken link, or says how the last probe got through. */
export function canFire(facts: FiringFacts): CanFire {
  const why = brokenLink(facts);
  if (why !== undefined) return { canFire: false, text: `no, because ${why}` };
  const { probe } = facts;
  if (!facts.hasProbes) {
    return yes("nothing on the way is broken; probes begin when every coordinator is updated");
  }
  if (probe === undefined)
    return yes("nothing on the way is broken; the first probe is on its way");
  const { hosts, missingHosts, sealedInMs, agoMs } = probe;
  const sealed = sealedInMs === undefined ? "sealed" : `sealed in ${sealedInMs} ms`;
  const passed = `${hosts - missingHosts.length} of ${hosts} hosts`;
  const text = `last probe ${agoText(agoMs)} ago: ${sealed}, ${passed}`;
  const isWaiting = missingHosts.length > 0 && agoMs >= HOSTS_MS;
  return yes(isWaiting ? `${text}; not ${namesText(missingHosts)}: see to them` : text);
}

function yes(text: string): CanFire {
  return { canFire: true, text: `yes (${text})` };
}

function brokenLink(facts: FiringFacts): string | undefined {
  const { damage, missingSeals } = facts;
  if (facts.isStoreFailed) return "this coordinator's store failed: ask another coordinator";
  if (!facts.isBusConnected) return "NATS is gone: start it, or ask another coordinator";
  if (damage !== undefined) {
    const repair = "`ostraka journal status` says how to repair it";
    return `the control journal is damaged (${damage}): ${repair}`;
  }
  if (!facts.isTaking) return "the mesh is still starting: ask again soon";
  if (facts.epoch === 0) return "no policy is active: publish one";
  if (missingSeals !== undefined) {
    const { have, needed, of } = missingSeals;
    return `seals ${have} of ${needed} are there: start ${of}`;
  }
  return facts.probe && brokenProbe(facts.probe, facts.probeEveryMs);
}

function brokenProbe(probe: LastProbe, probeEveryMs: number): string | undefined {
  const { agoMs, hosts, isSealed, missingHosts } = probe;
  const ago = agoText(agoMs);
  const look = "look at the coordinators' logs";
  if (agoMs > OVERDUE_PERIODS * probeEveryMs) return `no probe has got through for ${ago}: ${look}`;
  if (agoMs < HOSTS_MS) return undefined;
  if (!isSealed) return `the last probe, ${ago} ago, was never sealed: ${look}`;
  if (hosts === 0 || missingHosts.length < hosts) return undefined;
  const see = "look at their sidecars and their way to NATS";
  return `none of ${hosts} hosts shows that it applied the last probe: ${see}`;
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, HOSTS_NAMED_MAX).join(", ");
  const more = names.length - HOSTS_NAMED_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function agoText(ms: number): string {
  return ms < 120_000 ? `${Math.floor(ms / 1_000)} s` : `${Math.floor(ms / 60_000)} min`;
}
