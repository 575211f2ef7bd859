// Tells the story in short lines: when, what. Colours and a moving bar are for a terminal only;
// what others wrote (log lines, names) goes through `printable` BEFORE it is shown.

import { openTerminal, printable, type Terminal } from "../terminal.ts";

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_WIDTH = 24;

export class Narrator {
  readonly isTerminal: boolean;
  readonly #terminal: Terminal;
  readonly #output: Output;
  #startedMs = performance.now();
  #bar = "";

  constructor(output: Output) {
    this.#output = output;
    this.#terminal = openTerminal(output);
    this.isTerminal = this.#terminal.isTerminal;
  }

  /** From now on times are counted from here. */
  restartClock(): void {
    this.#startedMs = performance.now();
  }

  /** A line that opens a part. */
  title(text: string): void {
    this.#line("");
    this.#line(this.#terminal.paint("bold", printable(text)));
  }

  /** Something that happened now, with the time since the start. */
  event(text: string, style?: "red" | "green" | "yellow"): void {
    const shown = printable(text);
    this.#line(`${this.#time()}  ${style ? this.#terminal.paint(style, shown) : shown}`);
  }

  /** More on the line before. */
  detail(text: string): void {
    this.#line(`${" ".repeat(13)}${this.#terminal.paint("dim", printable(text))}`);
  }

  plain(text: string): void {
    this.#line(printable(text));
  }

  /** A bar of `got` of `expected`; on a terminal it moves in place. */
  progress(label: string, got: number, expected: number, note: string): void {
    const filled = expected === 0 ? 0 : Math.round((BAR_WIDTH * got) / expected);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
    const line = `${this.#time()}  ${label} ${bar} ${got}/${expected}  ${printable(note)}`;
    if (!this.isTerminal) {
      this.#line(line);
      return;
    }
    const isWhole = got >= expected;
    this.#output.write(`\r\u001b[2K${this.#terminal.paint(isWhole ? "green" : "cyan", line)}`);
    this.#bar = isWhole ? "" : line;
    if (isWhole) this.#output.write("\n");
  }

  #line(text: string): void {
    // A bar that has not ended keeps its line.
    if (this.#bar !== "") this.#output.write("\n");
    this.#bar = "";
    this.#terminal.say(text);
  }

  #time(): string {
    const ms = Math.round(performance.now() - this.#startedMs);
    return `${`+${ms} ms`.padStart(11)}`;
  }
}
