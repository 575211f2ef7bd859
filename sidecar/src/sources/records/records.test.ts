// Records of clouds and directories: each format takes its own record, told apart by its fields,
// and says the right thing about the right account. Records are made up.

import { describe, expect, test } from "vitest";
import { readJsonRecords } from "./json-text.ts";
import { RECORD_TYPES } from "./record-names.ts";
import { openRecordReader, RECORD_FORMATS, recordFormatOf } from "./records.ts";

const PEER = "203.0.113.9";
const TIME = "2026-03-03T04:05:06Z";
const reader = () => openRecordReader({ host: "web-1", realm: "r" });
const read = (record: Record<string, unknown>) => reader().read(record, "f:1");

const cloudTrail = (over: Record<string, unknown> = {}) => ({
  eventTime: TIME,
  eventSource: "signin.amazonaws.com",
  eventName: "ConsoleLogin",
  sourceIPAddress: PEER,
  userAgent: "curl/8",
  userIdentity: { type: "IAMUser", accountId: "123456789012", userName: "eve" },
  responseElements: { ConsoleLogin: "Failure" },
  ...over,
});
const okta = (result: string, over: Record<string, unknown> = {}) => ({
  published: TIME,
  eventType: "user.session.start",
  actor: { id: "1", alternateId: "eve@example.com" },
  client: {
    ipAddress: PEER,
    userAgent: { rawUserAgent: "curl/8" },
    geographicalContext: { country: "Greece", geolocation: { lat: 37.9, lon: 23.7 } },
  },
  outcome: { result },
  ...over,
});
const signIn = (errorCode: number, over: Record<string, unknown> = {}) => ({
  time: TIME,
  category: "SignInLogs",
  callerIpAddress: PEER,
  properties: {
    userPrincipalName: "eve@example.com",
    appDisplayName: "Portal",
    status: { errorCode },
    location: { countryOrRegion: "GR", geoCoordinates: { latitude: 37.9, longitude: 23.7 } },
    deviceDetail: { deviceId: "d1", isManaged: false },
  },
  ...over,
});
const teleport = (success: boolean) => ({
  event: "user.login",
  code: success ? "T1000I" : "T1000W",
  time: TIME,
  user: "eve",
  success,
  "addr.remote": `${PEER}:4444`,
});
const kubernetes = (verb: string, resource: string, code: number) => ({
  apiVersion: "audit.k8s.io/v1",
  auditID: "a",
  verb,
  requestURI: "/api",
  requestReceivedTimestamp: "2026-03-03T04:05:06.123456Z",
  user: { username: "eve" },
  sourceIPs: [PEER],
  objectRef: { resource, namespace: "n", name: "x" },
  responseStatus: { code },
});

const CASES: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
  [
    "a refused console login of CloudTrail",
    cloudTrail(),
    {
      ...{ kind: "login-failed", recordType: "aws.cloudtrail", address: `address:${PEER}` },
      ...{ account: "user:r/123456789012:eve", action: "ConsoleLogin", userAgent: "curl/8" },
    },
  ],
  [
    "an accepted one",
    cloudTrail({ responseElements: { ConsoleLogin: "Success" } }),
    { kind: "login-succeeded" },
  ],
  [
    "one under a name that does not exist",
    cloudTrail({ errorMessage: "No username found in supplied account" }),
    { kind: "login-failed", isAccountKnown: false },
  ],
  [
    "a right given in IAM",
    cloudTrail({ eventName: "AttachUserPolicy", eventSource: "iam.amazonaws.com" }),
    { kind: "activity", isPrivilegeGrant: true, target: "iam.amazonaws.com" },
  ],
  [
    "the session of a role",
    cloudTrail({
      eventName: "GetObject",
      userIdentity: {
        ...{ type: "AssumedRole", accountId: "1", accessKeyId: "ASIA1" },
        arn: "arn:aws:sts::1:assumed-role/Deploy/ci-7",
      },
    }),
    { kind: "activity", account: "user:r/1:Deploy/ci-7", session: "session:ASIA1" },
  ],
  [
    "a refused session of Okta",
    okta("FAILURE"),
    {
      ...{ kind: "login-failed", recordType: "okta.systemlog", account: "user:r/eve@example.com" },
      ...{ country: "Greece", latitude: 37.9, longitude: 23.7 },
    },
  ],
  ["an accepted one of Okta", okta("SUCCESS"), { kind: "login-succeeded" }],
  [
    "a privilege granted in Okta",
    okta("SUCCESS", { eventType: "user.account.privilege.grant" }),
    { kind: "activity", isPrivilegeGrant: true },
  ],
  [
    "a refused sign-in of Entra",
    signIn(50126),
    {
      ...{ kind: "login-failed", recordType: "azure.audit", country: "GR", isDeviceManaged: false },
      ...{ device: "d1", target: "Portal" },
    },
  ],
  ["a sign-in of a user Entra does not know", signIn(50034), { isAccountKnown: false }],
  ["an accepted sign-in", signIn(0), { kind: "login-succeeded" }],
  [
    "a refused login at Teleport, address with a port",
    teleport(false),
    {
      ...{ kind: "login-failed", recordType: "gravitational.teleportaudit" },
      address: `address:${PEER}`,
    },
  ],
  ["an accepted one at Teleport", teleport(true), { kind: "login-succeeded" }],
  [
    "a role bound in Kubernetes",
    kubernetes("create", "clusterrolebindings", 201),
    {
      ...{ kind: "activity", isPrivilegeGrant: true, recordType: "kubernetes.audit" },
      ...{ action: "create clusterrolebindings", address: `address:${PEER}` },
    },
  ],
  [
    "a request to Kubernetes without a known credential",
    kubernetes("get", "pods", 401),
    { kind: "login-failed" },
  ],
  [
    "a refused login of Auth0 under a name that it does not know",
    {
      data: {
        ...{ type: "fu", date: TIME, log_id: "1", client_id: "c", ip: PEER, user_name: "eve" },
        location_info: { country_code: "GR", latitude: 37.9, longitude: 23.7 },
      },
    },
    { kind: "login-failed", isAccountKnown: false, recordType: "auth0.events", country: "GR" },
  ],
  [
    "a member added on GitHub",
    {
      ...{ action: "org.add_member", "@timestamp": Date.UTC(2026, 2, 3, 4, 5, 6), actor: "eve" },
      ...{ org: "o", actor_ip: PEER, actor_location: { country_code: "GR" } },
    },
    { kind: "activity", isPrivilegeGrant: true, recordType: "github.audit", country: "GR" },
  ],
  [
    "a refused login at Google Workspace",
    {
      ...{ kind: "admin#reports#activity", id: { applicationName: "login", time: TIME } },
      ...{ actor: { email: "eve@example.com" }, ipAddress: PEER },
      events: [{ name: "login_failure" }],
    },
    { kind: "login-failed", recordType: "gsuite.activityevent" },
  ],
  [
    "a policy set in Google Cloud",
    {
      timestamp: TIME,
      protoPayload: {
        methodName: "SetIamPolicy",
        authenticationInfo: { principalEmail: "eve@example.com" },
        requestMetadata: { callerIP: PEER, callerSuppliedUserAgent: "curl/8" },
      },
    },
    { kind: "activity", isPrivilegeGrant: true, recordType: "gcp.auditlog" },
  ],
  [
    "a second factor denied at Duo",
    {
      ...{ isotimestamp: TIME, result: "denied", factor: "duo_push", auth_device: {} },
      ...{ access_device: { ip: PEER, hostname: "h1" }, user: { name: "eve" } },
    },
    { kind: "login-failed", recordType: "duo.authentication", device: "h1", method: "duo_push" },
  ],
  [
    "a refused login at OneLogin",
    {
      event_type_id: 6,
      event_timestamp: "2026-03-03 04:05:06 UTC",
      ipaddr: PEER,
      user_name: "eve",
    },
    { kind: "login-failed", recordType: "onelogin.events" },
  ],
  [
    "a refused login at Snowflake",
    {
      EVENT_TIMESTAMP: TIME,
      IS_SUCCESS: "NO",
      USER_NAME: "EVE",
      CLIENT_IP: PEER,
      EVENT_TYPE: "LOGIN",
    },
    { kind: "login-failed", recordType: "snowflake.loginhistory" },
  ],
  [
    "a refused login at Microsoft 365",
    {
      ...{ CreationTime: "2026-03-03T04:05:06", Workload: "AzureActiveDirectory", UserId: "eve" },
      ...{ Operation: "UserLoginFailed", ClientIP: PEER },
    },
    { kind: "login-failed", recordType: "microsoft365.audit" },
  ],
  [
    "a refused login of a program without a schema",
    {
      time: TIME,
      level: "error",
      msg: "Invalid username or password",
      remote_ip: PEER,
      user: "eve",
    },
    { kind: "login-failed", recordType: "json.login", account: "user:r/eve" },
  ],
  [
    "MongoDB's own form",
    {
      ...{ t: { $date: "2026-03-03T04:05:06.000+00:00" }, msg: "Authentication failed" },
      attr: { remote: `${PEER}:4444`, principalName: "eve", error: "UserNotFound: x" },
    },
    { kind: "login-failed", isAccountKnown: false, account: "user:r/eve" },
  ],
];

describe("a record", () => {
  test.each(CASES)("of %s is read", (_what, record, expected) => {
    const event = read(record);
    expect(event).toMatchObject({ id: "f:1", ...expected });
    expect(Math.floor((event?.timeMs ?? 0) / 1000)).toBe(Date.UTC(2026, 2, 3, 4, 5, 6) / 1000);
    expect(event?.record).toBe(record);
  });

  test.each(CASES)("of %s without its time is none", (_what, record) => {
    const bare = JSON.parse(
      JSON.stringify(record, (key, value) => (/time|date$|^ts$|published/i.test(key) ? 0 : value)),
    );
    expect(read(bare)).toBeUndefined();
  });

  test("whose address is a service's name gives no address", () => {
    expect(read(cloudTrail({ sourceIPAddress: "ec2.amazonaws.com" }))?.address).toBeUndefined();
  });

  test("of a program without a schema is no failure for a word within a name", () => {
    const record = { time: TIME, msg: "page served", remote_ip: PEER, user: "login failed" };
    expect(read(record)?.kind).toBe("service-notice");
  });

  test("with fields of the wrong kind is read for what is left", () => {
    const odd = cloudTrail({ userIdentity: [1], sourceIPAddress: { a: 1 }, userAgent: 7 });
    expect(read(odd)).toMatchObject({ kind: "login-failed", recordType: "aws.cloudtrail" });
  });

  test("that imitates an inherited member has none", () => {
    const [record] = readJsonRecords(
      `{"__proto__":{"eventName":"ConsoleLogin"},"time":"${TIME}","constructor":"x"}`,
    ) as Record<string, unknown>[];
    expect(read(record ?? {})).toMatchObject({ kind: "service-notice", recordType: "json.login" });
  });
});

test("every format has a name from the list, and its names find it", () => {
  for (const format of RECORD_FORMATS) {
    expect(RECORD_TYPES).toContain(format.type);
    for (const name of [format.type, ...(format.aliases ?? [])]) {
      expect(recordFormatOf(name)).toBe(format);
    }
  }
  expect(recordFormatOf("aws.cloudtrial")).toBeUndefined();
});

test.each([
  ["a lock of Okta", okta("SUCCESS", { eventType: "user.account.lock" })],
  ["a sign-in that Okta denies", okta("DENY", { eventType: "policy.evaluate_sign_on" })],
  ["a sign-in that Okta challenges", okta("CHALLENGE")],
  [
    "a password of AWS's root, asked for",
    cloudTrail({
      eventName: "PasswordRecoveryRequested",
      userIdentity: { type: "Root", accountId: "123456789012" },
      responseElements: { PasswordRecoveryRequested: "Success" },
    }),
  ],
  [
    "a block by Auth0",
    {
      data: { type: "limit_wc", log_id: "1", client_id: "c", date: TIME, ip: PEER, user_name: "e" },
    },
  ],
])("%s is what anybody can bring about who knows a name: a probe", (_what, record) => {
  expect(read(record)).toMatchObject({ kind: "login-probed", address: `address:${PEER}` });
});

test("a request to Kubernetes is the last hop's: a client may set what stands before it", () => {
  const record = { ...kubernetes("get", "pods", 401), sourceIPs: ["198.51.100.66", PEER] };
  expect(read(record)).toMatchObject({ kind: "login-failed", address: `address:${PEER}` });
});

test("a key of the record itself goes before one that a client may have sent within it", () => {
  for (const within of ["request", "meta"]) {
    const sent = { client_ip: "198.51.100.66", remote_ip: "198.51.100.66" };
    const record = { time: TIME, remote_ip: PEER, msg: "login failed", [within]: sent };
    expect(read(record)?.address).toBe(`address:${PEER}`);
  }
});

test("a sign-in that Okta allows is the account's", () => {
  expect(read(okta("ALLOW", { eventType: "policy.evaluate_sign_on" }))?.kind).toBe("activity");
});
