// Asks every coordinator of a mesh how it is, each for itself, and says who is away, behind,
// damaged or alone with its history. Believes none of them: who disagrees is named, not outvoted.

import { LEDGERS, type LedgerId, ledgerLetter, ledgerName, OstrakaError } from "@ostraka/proto";
import type { GetStatusResponse, LedgerStatus } from "@ostraka/proto/gen/admin";
import type { Access } from "./access.ts";
import { isAnswer, sentenceOf } from "./failure.ts";
import { spanText } from "./terminal.ts";

const ANSWER_MS_MAX = 3_000;
/** Ticks come every second: less is the time between two answers. */
const BEHIND_MS = 5_000;

export type CoordinatorState =
  | "well"
  | "away"
  | "failing"
  | "behind"
  | "damaged"
  | "dissenting"
  | "without NATS";

export interface AskedCoordinator {
  readonly name: string;
  /** `host:port`. */
  readonly api: string;
  readonly status?: GetStatusResponse;
  /** Why there is none. */
  readonly error?: unknown;
}

/** What is wrong with one coordinator. */
export interface Trouble {
  readonly name: string;
  readonly state: Exclude<CoordinatorState, "well">;
  readonly sentence: string;
}

/** Asks all coordinators of mesh.json at once; each has a few seconds. */
export async function askCoordinators({
  client,
  file,
}: Pick<Access, "client" | "file">): Promise<AskedCoordinator[]> {
  return await Promise.all(
    file.coordinators.map(async ({ name, api }) => {
      try {
        const status = await client.only(api).mesh.getStatus({}, { timeoutMs: ANSWER_MS_MAX });
        return { name, api, status };
      } catch (error) {
        return { name, api, error };
      }
    }),
  );
}

/**
 * The answer of the one that has come furthest, a whole one before a damaged one.
 * @throws the error of the first one when none has answered.
 */
export function furthestOf(asked: readonly AskedCoordinator[]): GetStatusResponse {
  const answers = asked.flatMap(({ status }) => (status === undefined ? [] : [status]));
  answers.sort((a, b) => Number(isDamaged(a)) - Number(isDamaged(b)) || timeOf(b) - timeOf(a));
  const [furthest] = answers;
  if (furthest !== undefined) return furthest;
  const errors = asked.map(({ error }) => error);
  throw errors.find(isAnswer) ?? errors[0] ?? new OstrakaError("OSTRAKA_USAGE", "nobody to ask");
}

/** Who is not well, worst first, in sentences. */
export function troublesOf(asked: readonly AskedCoordinator[]): Trouble[] {
  return asked.flatMap((one) => {
    const { name, status } = one;
    if (status === undefined) return [awayTrouble(one)];
    return [
      ...damageTroubles(name, status),
      ...dissentTroubles(name, asked),
      ...(status.isBusConnected
        ? []
        : [trouble(name, "without NATS", "has no NATS server: it decides nothing until it has")]),
      ...behindTroubles(name, status, asked),
    ];
  });
}

/** In one word, the worst of what is wrong with it. */
export function stateOf(name: string, troubles: readonly Trouble[]): CoordinatorState {
  return troubles.find((t) => t.name === name)?.state ?? "well";
}

function trouble(name: string, state: Trouble["state"], sentence: string): Trouble {
  return { name, state, sentence: `${name} ${sentence}` };
}

function awayTrouble({ name, api, error }: AskedCoordinator): Trouble {
  if (isAnswer(error)) return trouble(name, "failing", `answers: ${sentenceOf(error, {})}`);
  const why = "does not answer: start it, or check the network between here and there";
  return trouble(name, "away", `at ${api} ${why}`);
}

function damageTroubles(name: string, { ledgers }: GetStatusResponse): Trouble[] {
  return ledgers
    .filter(({ damage }) => damage !== "")
    .map(({ ledger, damage }) =>
      trouble(
        name,
        "damaged",
        `has stopped deciding on the ${ledgerName(ledger as LedgerId)} journal: ${damage}; ` +
          "look with `ostraka journal status`",
      ),
    );
}

function dissentTroubles(name: string, asked: readonly AskedCoordinator[]): Trouble[] {
  const by = asked.filter(({ status }) =>
    status?.coordinatorList.some((known) => known.name === name && known.isDissenting),
  );
  if (by.length === 0) return [];
  const names = by.map((witness) => witness.name).join(", ");
  const why = "or has signed two heads at one place: compare their disks before trusting it";
  return [trouble(name, "dissenting", `shows another history than ${names}, ${why}`)];
}

function behindTroubles(
  name: string,
  status: GetStatusResponse,
  asked: readonly AskedCoordinator[],
): Trouble[] {
  return LEDGERS.flatMap((ledger) => {
    const own = ledgerIn(status, ledger);
    const others = asked.flatMap((other) => ledgerIn(other.status, ledger) ?? []);
    const latest = others.sort((a, b) => Number(b.machineTimeMs - a.machineTimeMs))[0];
    const lagMs = Number((latest?.machineTimeMs ?? 0n) - (own?.machineTimeMs ?? 0n));
    if (lagMs < BEHIND_MS) return [];
    const letter = ledgerLetter(ledger);
    const at = `${letter}:${own?.index ?? 0n} of ${letter}:${latest?.index ?? 0n}`;
    return [trouble(name, "behind", `is behind by ${spanText(lagMs)}: ${at}`)];
  });
}

function ledgerIn(
  status: GetStatusResponse | undefined,
  ledger: LedgerId,
): LedgerStatus | undefined {
  return status?.ledgers.find((known) => known.ledger === ledger);
}

function isDamaged({ ledgers }: GetStatusResponse): boolean {
  return ledgers.some(({ damage }) => damage !== "");
}

function timeOf({ ledgers }: GetStatusResponse): number {
  return Math.max(0, ...ledgers.map(({ machineTimeMs }) => Number(machineTimeMs)));
}
