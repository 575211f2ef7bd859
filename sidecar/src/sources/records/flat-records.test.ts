// Records of services whose schema is flat, of Windows and of Snowflake: each is told from the
// others by its own fields, in the spellings that shippers use. Records are made up.

import { describe, expect, test } from "vitest";
import { openRecordReader } from "./records.ts";

const PEER = "203.0.113.9";
const TIME = "2026-03-03T04:05:06Z";
const MS = Date.UTC(2026, 2, 3, 4, 5, 6);
const read = (record: Record<string, unknown>) =>
  openRecordReader({ host: "web-1", realm: "r" }).read(record, "f:1");

const ADDRESS = { address: `address:${PEER}` };
const EVE = { account: "user:r/eve@example.com" };
const m365 = { Workload: "AzureActiveDirectory", UserId: "eve@example.com", ClientIP: PEER };
const logon = { TargetUserName: "eve@example.com", IpAddress: PEER, LogonType: "3" };
const push = { id: "1", version: "1", timestamp: MS / 1000 };

const CASES: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
  [
    "a refused login of Microsoft 365",
    { ...m365, Operation: "UserLoginFailed", CreationTime: TIME },
    { kind: "login-failed", recordType: "microsoft365.audit", ...ADDRESS, ...EVE },
  ],
  [
    "the same in lower case",
    {
      ...{ workload: "Exchange", operation: "UserLoggedIn", userid: "eve@example.com" },
      ...{ clientip: `${PEER}:4444`, creationtime: "2026-03-03 04:05:06" },
    },
    { kind: "login-succeeded", recordType: "microsoft365.audit", ...ADDRESS, ...EVE },
  ],
  [
    "an alert of Microsoft's Graph",
    {
      ...{ vendorInformation: { provider: "IPC" }, severity: "high", category: "x" },
      ...{ createdDateTime: TIME, userStates: [{ userPrincipalName: "eve@example.com" }] },
    },
    { kind: "activity", recordType: "microsoftgraph.securityalert", ...EVE },
  ],
  [
    "a refused logon of Windows, its data in a member",
    {
      ...{ EventID: "4625", Channel: "Security", Computer: "dc-1" },
      ...{ TimeCreated: "2026-03-03 04:05:06 +0000" },
      ExtraEventData: { ...logon, SubStatus: "0xC0000064" },
    },
    {
      ...{ kind: "login-failed", recordType: "windows.eventlogs", device: "dc-1" },
      ...{ isAccountKnown: false, ...ADDRESS, ...EVE },
    },
  ],
  [
    "an accepted one, as Winlogbeat writes it",
    { "@timestamp": TIME, winlog: { event_id: 4624, event_data: logon } },
    { kind: "login-succeeded", recordType: "windows.eventlogs", ...ADDRESS, ...EVE },
  ],
  [
    "an account made in Windows: who made it, not whom",
    {
      ...{ EventID: 4720, Channel: "Security", TimeCreated: TIME, TargetUserName: "mallory" },
      SubjectUserName: "eve@example.com",
    },
    { kind: "account-changed", ...EVE },
  ],
  [
    "a grant in Snowflake: who gave it",
    {
      ...{ CREATED_ON: "2026-03-03T04:05:06Z", GRANTED_BY: "eve@example.com" },
      ...{ GRANTED_TO: "USER", GRANTEE_NAME: "MALLORY", ROLE: "ACCOUNTADMIN" },
    },
    { recordType: "snowflake.grantstousers", isPrivilegeGrant: true, ...EVE },
  ],
  [
    "a privilege of a role in Snowflake",
    {
      ...{ created_on: TIME, privilege: "SELECT", granted_on: "TABLE", name: "T" },
      ...{ granted_to: "ROLE", grantee_name: "PUBLIC", granted_by: "eve@example.com" },
    },
    { recordType: "snowflake.grantstoroles", action: "SELECT", ...EVE },
  ],
  [
    "a refused login of Snowflake",
    {
      ...{ EVENT_TIMESTAMP: TIME, EVENT_TYPE: "LOGIN", IS_SUCCESS: "NO" },
      ...{ USER_NAME: "eve@example.com", CLIENT_IP: PEER },
    },
    { kind: "login-failed", recordType: "snowflake.loginhistory", ...ADDRESS, ...EVE },
  ],
  [
    "a login that Push saw",
    {
      ...{ ...push, object: "LOGIN" },
      new: { loginType: "PASSWORD_LOGIN", email: "eve@example.com", sourceIpAddress: PEER },
    },
    { kind: "activity", recordType: "pushsecurity.activity", ...ADDRESS, ...EVE },
  ],
  [
    "phishing that Push saw",
    {
      ...{ ...push, object: "PASSWORD_PHISHING" },
      new: { employee: { email: "eve@example.com" }, sourceIpAddress: PEER },
    },
    { kind: "activity", recordType: "pushsecurity.controls", ...ADDRESS, ...EVE },
  ],
  [
    "what Push keeps",
    { ...push, object: "APP", type: "CREATE", new: { type: "ZAPIER" }, old: null },
    { kind: "activity", recordType: "pushsecurity.entities", action: "APP" },
  ],
  [
    "a refused login of Bitwarden",
    {
      ...{ object: "event", type: 1005, date: TIME, ipAddress: PEER, device: 9 },
      actingUserId: "eve@example.com",
    },
    { kind: "login-failed", recordType: "bitwarden.events", ...ADDRESS, ...EVE },
  ],
  [
    "a refused login of Salesforce",
    {
      ...{ EVENT_TYPE: "Login", LOGIN_STATUS: "LOGIN_ERROR_INVALID_PASSWORD", SOURCE_IP: PEER },
      ...{ TIMESTAMP_DERIVED: TIME, USER_NAME: "eve@example.com" },
    },
    { kind: "login-failed", recordType: "salesforce.login", ...ADDRESS, ...EVE },
  ],
  [
    "a decoy that was touched",
    { AlertType: "CanaryIncident", IncidentHash: "x", SourceIP: PEER, Timestamp: TIME },
    { kind: "activity", recordType: "thinkst.incident", ...ADDRESS },
  ],
];

describe("a record", () => {
  test.each(CASES)("of %s is read", (_what, record, expected) => {
    expect(read(record)).toMatchObject({ id: "f:1", timeMs: MS, ...expected });
  });
});

test("a ticket that Windows gives is no login, a ticket refused for its name is", () => {
  const ticket = (Status: string) =>
    read({ EventID: 4768, Channel: "Security", TimeCreated: TIME, ...logon, Status });
  expect(ticket("0x0")?.kind).toBe("activity");
  expect(ticket("0x6")).toMatchObject({ kind: "login-failed", isAccountKnown: false });
});

test("a machine's own account in Windows is nobody", () => {
  const record = { EventID: 4624, Channel: "Security", TimeCreated: TIME, LogonType: "3" };
  expect(read({ ...record, TargetUserName: "WS-1$" })?.account).toBeUndefined();
});

test("a number under the name of an event id is no Windows event without a channel", () => {
  expect(read({ EventID: 4625, time: TIME })?.recordType).toBe("json.login");
});

describe("a program without a schema", () => {
  const base = { time: TIME, ip: PEER, user: "eve" };

  test.each([
    [{ action: "login", result: "failure" }],
    [{ event: "login", status: "failed" }],
    [{ event: "sign_in", success: false }],
    [{ event: { action: "user_login", outcome: "failure" } }],
    [{ "event.action": "authentication_failed" }],
    [{ eventid: "cowrie.login.failed" }],
  ])("says that a login was refused: %j", (words) => {
    expect(read({ ...base, ...words })).toMatchObject({ kind: "login-failed", ...ADDRESS });
  });

  test.each([
    [{ action: "login", result: "success" }, "login-succeeded"],
    [{ action: "backup", result: "failure" }, "service-notice"],
    [{ action: "author", result: "failure" }, "service-notice"],
    [{ event: "login", status: "ok" }, "login-succeeded"],
  ])("does not: %j", (words, kind) => {
    expect(read({ ...base, ...words })?.kind).toBe(kind);
  });

  test.each(["ip_addr", "remip", "srcip", "origin.address", "client_address"])(
    "gives its peer as %s",
    (key) => {
      expect(read({ time: TIME, msg: "login failed", [key]: PEER })?.address).toBe(ADDRESS.address);
    },
  );
});
