// Starts the sources of this host and hands their events to the node, each followed by the cursor
// that covers it, so that baselines and place in the log are saved together. Counts what could not
// be read. Never keeps or shows a line (I9).

import type { Event } from "@ostraka/agents/kernel";
import type { SidecarInput } from "@ostraka/agents/node";
import type { Clock, Log } from "@ostraka/host";
import { type Bytes, utf8 } from "@ostraka/proto";
import type { FileSource, HttpSource } from "./config.ts";
import type { FileCursor, FilePlace } from "./sources/follow.ts";
import type { HttpEvents } from "./sources/http-events.ts";
import { LINE_FUTURE_MS_MAX } from "./sources/limits.ts";
import { loadFormat } from "./sources/load-format.ts";
import { SameAttempts } from "./sources/same-attempt.ts";

const FUTURE_REFUSED =
  "lines are dated over a day ahead of this host's clock and refused: see whether the clock is " +
  "right, and the year and timezone of this source";

export interface SourceFeedOptions {
  readonly hostName: string;
  readonly realm: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly cursorOf: (source: string) => Bytes | undefined;
  /** Adds to an event what this host knows of its address. */
  readonly complete?: (event: Event) => Event;
  readonly push: (...inputs: readonly SidecarInput[]) => void;
  /** Feeds what was pushed; false when it could not be taken. */
  readonly flush: () => boolean;
  /** Told when a source ends by itself. */
  readonly onFault: (error: unknown) => void;
}

/** Counts of one log since start. */
export interface SourceCounts {
  readonly source: string;
  lines: number;
  events: number;
  /** Lines of programs that are read, saying something that is not known. */
  unparsed: number;
  /** Lines that are no log lines: too long, not UTF-8, without a time. */
  refused: number;
}

/** A log in trouble says so at every look, many times a second: silence this long has ended it. */
const TROUBLE_OVER_MS = 5_000;

const asItIs = (event: Event) => event;

export class SourceFeed {
  readonly #o: SourceFeedOptions;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>[] = [];
  readonly #listeners: HttpEvents[] = [];
  readonly #counts: SourceCounts[] = [];
  readonly #same = new SameAttempts();
  /** Newest cursor of each source that has not been pushed. */
  readonly #cursors = new Map<string, FileCursor>();

  constructor(options: SourceFeedOptions) {
    this.#o = options;
  }

  counts(): readonly Readonly<SourceCounts>[] {
    return this.#counts;
  }

  /** Ports of the `http` sources, in the order of the configuration. */
  get ports(): number[] {
    return this.#listeners.map((listener) => listener.port);
  }

  /** Starts all of them. @throws when a listener cannot listen. */
  async start(sources: readonly (FileSource | HttpSource)[]): Promise<void> {
    for (const source of sources) {
      if (source.type === "http") await this.#listen(source);
      else this.#following.push(this.#follow(source).catch(this.#o.onFault));
    }
  }

  /** Pushes cursors BEHIND the events of their lines and BEFORE whatever may save them. */
  pushCursors(): void {
    for (const [source, cursor] of this.#cursors) {
      this.#o.push({ type: "cursor", source, cursor: utf8(JSON.stringify(cursor)) });
    }
    this.#cursors.clear();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all(this.#following);
    this.pushCursors();
  }

  async #follow(source: FileSource): Promise<void> {
    const { hostName: host, realm, clock, log, push, complete = asItIs } = this.#o;
    const { path, year, timezone } = source;
    const name = sourceName(source);
    const counts: SourceCounts = { source: name, lines: 0, events: 0, unparsed: 0, refused: 0 };
    this.#counts.push(counts);
    const time = year === undefined ? { referenceMs: clock.wallMs() } : { year };
    const zone = timezone === undefined ? {} : { zone: timezone };
    const { followFile } = await import("./sources/follow.ts");
    const parser = await loadFormat(source.format, { host, realm, ...time, ...zone });
    if (parser === undefined) throw new Error(`there is no log format ${source.format}`);
    const cursor = readCursor(this.#o.cursorOf(name));
    let told = "";
    let isFutureTold = false;
    let seenMs = 0;
    await followFile({
      path,
      ...(cursor !== undefined && { cursor }),
      signal: this.#stop.signal,
      lineBytesMax: parser.lineBytesMax,
      onLine: (line, position, next) => {
        counts.lines++;
        const parsed = parser.parse(line, position);
        const events = parsed.outcome === "events" ? parsed.events : [];
        for (const event of parsed.outcome === "event" ? [parsed.event] : events) {
          if (event.timeMs > clock.wallMs() + LINE_FUTURE_MS_MAX) {
            counts.refused++;
            if (!isFutureTold) log.warn({ path }, FUTURE_REFUSED);
            isFutureTold = true;
            continue;
          }
          counts.events++;
          const untold = this.#same.take(name, event);
          if (untold !== undefined) push({ type: "event", event: complete(untold) });
        }
        const isLost = parsed.outcome === "unparsed" || parsed.outcome === "refused";
        if (isLost) counts[parsed.outcome]++;
        this.#cursors.set(name, next);
      },
      onRefused: (_reason, _position, next) => {
        counts.lines++;
        counts.refused++;
        this.#cursors.set(name, next);
      },
      onTrouble: (error) => {
        const { code = error.message } = error as NodeJS.ErrnoException;
        const nowMs = clock.monotonicMs();
        const isNew = code !== told || nowMs - seenMs > TROUBLE_OVER_MS;
        if (isNew) log.warn({ path, err: error }, "a log cannot be read: trying on");
        told = code;
        seenMs = nowMs;
      },
    });
  }

  async #listen(source: HttpSource): Promise<void> {
    const { realm, clock, push, flush, complete = asItIs } = this.#o;
    const { openHttpEvents } = await import("./sources/http-events.ts");
    const listener = await openHttpEvents({
      address: source.listen.host,
      port: source.listen.port,
      realm,
      ...(source.tokenFile !== undefined && { tokenFile: source.tokenFile }),
      nowMs: () => clock.wallMs(),
      onEvents: (events) => {
        push(...events.map((event) => ({ type: "event", event: complete(event) }) as const));
        if (!flush()) throw new Error("the node takes no more events");
      },
    });
    this.#listeners.push(listener);
  }
}

/** A store's key holds ASCII only. */
export function sourceName(source: FileSource): string {
  return `auth-log/${encodeURIComponent(source.writtenPath)}`;
}

/** A cursor that cannot be read costs reading the log again, nothing else. */
export function readCursor(bytes: Bytes | undefined): FileCursor | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<FileCursor>;
    const { previous } = value;
    if (!isPlace(value) || (previous !== undefined && !isPlace(previous))) return undefined;
    return value;
  } catch {
    return undefined; // not JSON: as above
  }
}

function isPlace(value: Partial<FilePlace> | null): value is FilePlace {
  const offset = value?.offset;
  const isOffset = typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
  return isOffset && typeof value?.identity === "string";
}
