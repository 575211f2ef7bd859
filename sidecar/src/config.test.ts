import { readFileSync } from "node:fs";
import { OstrakaError } from "@ostraka/proto";
import { describe, expect, test } from "vitest";
import { effectiveConfig, gateConfigOf, parseSidecarConfig } from "./config.ts";

const EXAMPLES = new URL("../config/", import.meta.url);
const example = (name: string) => readFileSync(new URL(name, EXAMPLES), "utf8");
const parse = (text: string) => parseSidecarConfig(text, "/etc/ostraka/sidecar.yaml");

const LEAST = `name: web-1
genesis: genesis.json
signingKey: signing.pem
store: state.sqlite
nats: { urls: ["nats://127.0.0.1:4222"] }
`;

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof OstrakaError && error.code === "OSTRAKA_CONFIG_INVALID") {
      return error.message;
    }
    throw error;
  }
  return "accepted";
}

describe("the examples that ship", () => {
  test("the small one is enough", () => {
    const config = parse(example("small.yaml"));
    expect(config.name).toBe("web-1");
    expect(config.store).toBe("/etc/ostraka/state.sqlite");
    expect(config.sources).toEqual([
      {
        type: "auth-log",
        format: "auth-log",
        writtenPath: "/var/log/auth.log",
        path: "/var/log/auth.log",
      },
    ]);
    expect(gateConfigOf(config, "demo")).toMatchObject({ port: 9180, realm: "demo" });
  });

  test("the full one is understood, and says what it sets", () => {
    const config = parse(example("full.yaml"));
    expect(config.explain).toEqual({ host: "127.0.0.1", port: 9181 });
    expect(config.log).toEqual({ level: "info", file: "/etc/ostraka/sidecar.log" });
    expect(config.sources[1]).toMatchObject({ type: "file", format: "dovecot" });
    expect(config.geo).toEqual({ path: "/etc/ostraka/places.mmdb" });
    expect(config.rules).toEqual(["starter", "/etc/ostraka/rules.d"]);
    expect(config.sources[2]).toMatchObject({ type: "http", listen: { port: 9182 } });
    expect(gateConfigOf(config, "demo")).toMatchObject({ realm: "example", host: "10.0.0.21" });
  });

  test("the effective configuration is a configuration again, and the same one", () => {
    for (const name of ["small.yaml", "full.yaml"]) {
      const once = effectiveConfig(parse(example(name)), "demo");
      expect(effectiveConfig(parse(once), "demo")).toBe(once);
    }
  });
});

describe("an unknown key is refused with the nearest known one", () => {
  test.each([
    ["at the top", `${LEAST}signigKey: x\n`, '"signigKey": did you mean "signingKey"'],
    ["in nats", LEAST.replace("urls:", "url:"), '"nats.url": did you mean "urls"'],
    [
      "in a source",
      `${LEAST}sources: [{ type: auth-log, path: a.log, Year: 2020 }]\n`,
      '"sources[0].Year": did you mean "year"',
    ],
    ["in the gate", `${LEAST}gate: { prot: 1 }\n`, '"prot": did you mean "port"'],
    ["in the log", `${LEAST}log: { levle: info }\n`, '"log.levle": did you mean "level"'],
  ])("%s", (_where, text, words) => {
    expect(refusal(text)).toContain(words);
  });
});

describe("what cannot work together is refused in plain words", () => {
  test.each([
    ["a missing key", LEAST.replace(/^store.*\n/m, ""), '"store" is missing'],
    ["a name with a slash", LEAST.replace("web-1", "../etc"), "name"],
    ["no address of NATS", LEAST.replace(/urls: .*\]/, "urls: []"), "nats.urls"],
    ["a password in a URL", LEAST.replace("nats://", "nats://me:pw@"), "without a password"],
    ["an unknown source", `${LEAST}sources: [{ type: journald }]\n`, "give auth-log, file or http"],
    [
      "a log format that is none",
      `${LEAST}sources: [{ type: file, path: a.log, format: dovecott }]\n`,
      "format",
    ],
    ["a place database without its path", `${LEAST}geo: {}\n`, '"geo.path" is missing'],
    [
      "a zone that is none",
      `${LEAST}sources: [{ type: auth-log, path: a.log, timezone: Mars/Base }]\n`,
      "timezone",
    ],
    [
      "one log twice",
      `${LEAST}sources: [{ type: auth-log, path: a.log }, { type: auth-log, path: ./a.log }]\n`,
      "followed twice",
    ],
    [
      "its own log as a source",
      `${LEAST}log: { file: a.log }\nsources: [{ type: auth-log, path: a.log }]\n`,
      "feed on itself",
    ],
    [
      "an open event listener without a token",
      `${LEAST}sources: [{ type: http, listen: "0.0.0.0:9182" }]\n`,
      "give a tokenFile",
    ],
    ["explain for everybody", `${LEAST}explain: "0.0.0.0:9181"\n`, "listen on 127.0.0.1"],
    ["one port twice", `${LEAST}explain: "127.0.0.1:9180"\n`, "both listen on port 9180"],
    ["a port beyond all ports", `${LEAST}explain: "127.0.0.1:70000"\n`, "explain"],
    ["two equal keys", `${LEAST}name: web-2\n`, "DUPLICATE_KEY"],
    ["an alias", `${LEAST}realm: &a demo\ngate: { realm: *a }\n`, "alias"],
    ["a list", "- name\n", "must be a mapping"],
    ["nothing", "", "must be a mapping"],
  ])("%s", (_what, text, words) => {
    expect(refusal(text)).toContain(words);
  });

  test("a file tells its lines apart unless its format is named; an auth-log need not name its own", () => {
    const formats = (source: string) =>
      parse(`${LEAST}sources: [{ path: a.log, ${source} }]\n`).sources.map((each) =>
        each.type === "http" ? "" : each.format,
      );
    expect(formats("type: file")).toEqual(["auto"]);
    expect(formats("type: file, format: aws.cloudtrail")).toEqual(["aws.cloudtrail"]);
    expect(formats("type: auth-log")).toEqual(["auth-log"]);
  });

  test("an open event listener with a token is fine, and so are two free ports", () => {
    const http = '{ type: http, listen: "0.0.0.0:0", tokenFile: t }';
    expect(refusal(`${LEAST}explain: "127.0.0.1:0"\nsources: [${http}]\n`)).toBe("accepted");
  });
});
