// Writes one host's auth.log as its programs would, line by line. Counts what it wrote: each line
// is an event at that host.

import { appendFileSync } from "node:fs";
import { CRON, type HeaderForm, headerOf, LOGIND, SSHD, type SshPeer, SUDO } from "./log-lines.ts";
import type { Person } from "./people.ts";
import type { Random } from "./random.ts";

export class HostLog {
  readonly host: string;
  readonly #path: string;
  readonly #form: HeaderForm;
  readonly #random: Random;
  #lines = 0;
  #sessions = 0;

  constructor(host: string, path: string, form: HeaderForm, random: Random) {
    this.host = host;
    this.#path = path;
    this.#form = form;
    this.#random = random;
  }

  /** Lines written so far. */
  get lines(): number {
    return this.#lines;
  }

  /** An honest login, sometimes after a mistyped password. */
  login(person: Person, hasTypo: boolean): void {
    const peer = this.#peer(person.address);
    const pid = this.#pid();
    const { user, uid } = person;
    if (hasTypo) this.#write("sshd", pid, SSHD.pamFailure(user, peer), SSHD.failed(user, peer));
    const accepted = hasTypo ? SSHD.acceptedPassword(user, peer) : SSHD.accepted(user, peer);
    this.#write("sshd", pid, accepted, SSHD.opened(user, uid));
    this.#write("systemd-logind", 412, LOGIND.newSession(++this.#sessions, user));
  }

  logout({ user }: Person): void {
    this.#write("sshd", this.#pid(), SSHD.closed(user));
  }

  /** Somebody becomes root for one command. */
  sudo({ user, uid }: Person, command: string): void {
    const pid = this.#pid();
    this.#write("sudo", pid, SUDO.command(user, command), SUDO.opened(user, uid), SUDO.closed());
  }

  cron(): void {
    this.#write("CRON", this.#pid(), CRON.opened(), CRON.closed());
  }

  /** A guess at an account that does not exist, or at root's. */
  guess(address: string, name: string): void {
    const peer = this.#peer(address);
    const pid = this.#pid();
    if (name === "root") {
      this.#write("sshd", pid, SSHD.failed(name, peer), SSHD.leftAuthenticating(name, peer));
      return;
    }
    const { invalid, failedInvalid, leftInvalid } = SSHD;
    this.#write("sshd", pid, invalid(name, peer), failedInvalid(name, peer));
    this.#write("sshd", pid, leftInvalid(name, peer));
  }

  #peer(address: string): SshPeer {
    return { address, port: this.#random.int(32_768, 60_999) };
  }

  #pid(): number {
    return this.#random.int(1_000, 99_999);
  }

  #write(program: string, pid: number, ...messages: string[]): void {
    const header = headerOf(this.#form, Date.now(), this.host, program, pid);
    appendFileSync(this.#path, messages.map((message) => `${header} ${message}\n`).join(""));
    this.#lines += messages.length;
  }
}
