// A compiled set at work: an event in, hits out. Owns the index by record type and the feeding of
// correlations, each event ONCE. Nothing is allocated for an event that no rule could match.

import type { Event } from "@ostraka/agents/kernel";
import type { Linked } from "./compile-rules.ts";
import type { Correlation, Feed } from "./correlations.ts";
import { fieldsOfTypes } from "./field-names.ts";
import { speaksOf } from "./hit-subject.ts";
import { kubernetesView } from "./kubernetes-view.ts";
import { supportedLevel } from "./level-ceilings.ts";
import { type Logsource, recordTypeOf } from "./logsource.ts";
import type { Match } from "./match.ts";
import type { RuleDocument } from "./rule-document.ts";
import { RuleIndex } from "./rule-index.ts";
import type { RuleHit, RuleSet, RulesSnapshot, SpeaksOf } from "./rule-set.ts";

export interface SimpleRule {
  readonly document: RuleDocument;
  readonly match: Match;
  readonly logsource: Logsource;
}

/** The hits of one rule, made once, one for each of whom it may speak. */
type Hits = Readonly<Record<SpeaksOf, RuleHit>>;

interface RunningRule {
  readonly match: Match;
  readonly order: number;
  readonly services: ReadonlySet<string>;
  readonly subject: SpeaksOf | undefined;
  readonly hits: Hits | undefined;
  readonly feeds: readonly Feed[];
}

const VERSION = 1;
const NO_FEEDS: readonly Feed[] = [];

export class CompiledRuleSet implements RuleSet {
  readonly fingerprint: string;
  readonly size: number;
  readonly #byType = new Map<string, RuleIndex<RunningRule>>();
  readonly #byNumber = new Map<number, RuleHit>();
  readonly #correlations: readonly Correlation[];
  readonly #hitsOf = new Map<Correlation, Hits>();
  readonly #linked: Linked;
  readonly #hasKubernetes: boolean;

  constructor(simple: readonly SimpleRule[], linked: Linked, fingerprint: string) {
    this.fingerprint = fingerprint;
    this.#linked = linked;
    this.#correlations = linked.correlations;
    const running = simple.map((rule, order) => this.#run(rule, order));
    for (const recordType of new Set(simple.flatMap(({ logsource }) => logsource.recordTypes))) {
      const isOwn = ({ logsource }: SimpleRule) => logsource.recordTypes.includes(recordType);
      const own = running.filter((_, i) => isOwn(simple[i] as SimpleRule));
      const sources = simple.filter(isOwn).map(({ logsource }) => logsource);
      const types = new Set(sources.flatMap(({ recordTypes }) => recordTypes));
      const hasEventFields = sources.some((source) => source.hasEventFields);
      this.#byType.set(recordType, new RuleIndex(own, fieldsOfTypes(types, hasEventFields)));
    }
    for (const correlation of linked.correlations) {
      if (linked.silent.has(correlation.document)) continue;
      this.#hitsOf.set(correlation, this.#hitsFor(correlation.document));
    }
    this.#hasKubernetes = this.#byType.has("kubernetes.audit");
    this.size = this.#byNumber.size;
  }

  #run({ document, match, logsource }: SimpleRule, order: number): RunningRule {
    return {
      match,
      order,
      services: logsource.services,
      subject: document.subject,
      hits: this.#linked.silent.has(document) ? undefined : this.#hitsFor(document),
      feeds: this.#linked.feeds.get(document) ?? NO_FEEDS,
    };
  }

  #hitsFor(document: RuleDocument): Hits {
    const { id, title, level, quietDays, falsePerDays, number } = document;
    const hit = {
      ...{ id, title, level, number },
      betsAs: supportedLevel(level, quietDays, falsePerDays),
      quietDays: quietDays ?? 0,
    };
    const account: RuleHit = { ...hit, speaksOf: "account" };
    this.#byNumber.set(number, account);
    return {
      account,
      address: { ...hit, speaksOf: "address" },
      session: { ...hit, speaksOf: "session" },
    };
  }

  observe(event: Event, hits: RuleHit[]): void {
    this.#observe(event, hits);
    // GKE and AKS wrap what the rules for Kubernetes are about.
    const inner = this.#hasKubernetes ? kubernetesView(event) : undefined;
    if (inner !== undefined) this.#observe(inner, hits);
  }

  #observe(event: Event, hits: RuleHit[]): void {
    const index = this.#byType.get(recordTypeOf(event));
    if (index === undefined) return;
    const candidates = index.candidates(event);
    for (let i = 0; i < candidates.length; i++) {
      const rule = candidates[i] as RunningRule;
      if (rule.services.size > 0 && !rule.services.has(event.service)) continue;
      if (!rule.match.test(event)) continue;
      if (rule.hits !== undefined) hits.push(rule.hits[speaksOf(rule.subject, event)]);
      if (rule.feeds.length > 0) this.#feed(rule.feeds, event, hits);
    }
  }

  /** A correlation that fires feeds those that are about it; there is no cycle. */
  #feed(feeds: readonly Feed[], event: Event, hits: RuleHit[]): void {
    for (const { correlation, slot } of feeds) {
      if (!correlation.observe(event, slot)) continue;
      const own = this.#hitsOf.get(correlation)?.[correlation.roleOf(event)];
      if (own !== undefined && !hits.includes(own)) hits.push(own);
      const further = this.#linked.feeds.get(correlation.document);
      if (further !== undefined) this.#feed(further, event, hits);
    }
  }

  named(number: number): RuleHit | undefined {
    return this.#byNumber.get(number);
  }

  snapshot(): RulesSnapshot {
    const groups = this.#correlations.map((correlation) => correlation.groups.save());
    return { version: VERSION, fingerprint: this.fingerprint, groups };
  }

  restore(snapshot: unknown): boolean {
    const from = snapshot as Partial<RulesSnapshot> | null;
    if (typeof from !== "object" || from === null) return false;
    if (from.version !== VERSION || from.fingerprint !== this.fingerprint) return false;
    const { groups } = from;
    if (!Array.isArray(groups) || groups.length !== this.#correlations.length) return false;
    const rows = this.#correlations.map((correlation, i) => correlation.groups.read(groups[i]));
    if (rows.some((row) => row === undefined)) return false;
    for (const [i, correlation] of this.#correlations.entries()) {
      correlation.groups.fill(rows[i] ?? []);
    }
    return true;
  }
}
