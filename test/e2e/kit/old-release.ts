// The code of an earlier release, taken out of this repository's history into a folder of its own.
// Dependencies are those of now: an old coordinator runs beside new ones, not beside old libraries.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
/** Packages of a release, by the folder they lie in. */
const PACKAGES = { agents: "agents", coordinator: "coordinator", host: "agents/host" } as const;
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;

/** Whether the history that was fetched reaches back to a commit; a shallow clone may not. */
export function hasCommit(commit: string): boolean {
  const run = spawnSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: ROOT });
  return run.status === 0;
}

export class OldRelease {
  readonly dir = mkdtempSync(join(tmpdir(), "ostraka-old-"));

  constructor(commit: string) {
    const tar = execFileSync("git", ["archive", "--format=tar", commit], {
      cwd: ROOT,
      maxBuffer: ARCHIVE_BYTES_MAX,
    });
    execFileSync("tar", ["-x", "-C", this.dir], { input: tar });
    const modules = join(this.dir, "node_modules");
    mkdirSync(join(modules, "@ostraka"), { recursive: true });
    for (const name of readdirSync(join(ROOT, "node_modules"))) {
      if (name === "@ostraka" || name.startsWith(".")) continue;
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
    }
    for (const [name, folder] of Object.entries({ ...PACKAGES, proto: "proto" })) {
      symlinkSync(join(this.dir, folder), join(modules, "@ostraka", name));
    }
  }

  /** Entry of its coordinator's process. */
  get coordinatorMain(): string {
    const path = join(this.dir, "coordinator/src/main.ts");
    if (!existsSync(path)) throw new Error(`${this.dir} holds no coordinator`);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
