// A folder where a file is meant is a mistake in plain words, and leaves nothing behind.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { openCrypto } from "@ostraka/host";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exitCodeOf } from "../failure.ts";
import { verifyExportFile } from "../ledger/read-export.ts";
import { SampleMesh } from "../ledger/sample-mesh.ts";
import { openTerminal } from "../terminal.ts";
import { runLedgerExport } from "./ledger.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ostraka-ledger-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("exports into no folder, and leaves nothing beside it", async () => {
  const flags = { data: dir, json: false, out: dir };
  const failed = await runLedgerExport(flags, openTerminal()).catch((error: unknown) => error);
  expect(failed).toMatchObject({ message: `--out ${dir} is a folder: name a file in it` });
  expect(exitCodeOf(failed)).toBe(2);
  const beside = readdirSync(dirname(dir)).filter((name) => name.startsWith(basename(dir)));
  expect(beside).toEqual([basename(dir)]);
});

it("verifies no folder", () => {
  const verify = () => verifyExportFile(openCrypto(), new SampleMesh("acme").genesis, dir);
  expect(verify).toThrow(`${dir} is a folder: name the file that`);
});
