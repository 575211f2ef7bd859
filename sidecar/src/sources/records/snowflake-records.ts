// Views of Snowflake's ACCOUNT_USAGE, as they are exported row by row. Owns where each has its
// facts. A grant speaks of the role or account that gave it: who received it did nothing.

import { type FlatFormat, flatFormat } from "./flat-record.ts";
import { type RecordFormat, text } from "./record-format.ts";

const LOGINS: FlatFormat = {
  type: "snowflake.loginhistory",
  marks: ["IS_SUCCESS", "USER_NAME", "CLIENT_IP"],
  time: ["EVENT_TIMESTAMP", "p_event_time"],
  user: ["USER_NAME"],
  ip: ["CLIENT_IP"],
  action: ["EVENT_TYPE"],
  isAnyCase: true,
};

const VIEWS: readonly FlatFormat[] = [
  {
    type: "snowflake.queryhistory",
    marks: ["QUERY_TYPE", "USER_NAME"],
    time: ["START_TIME", "p_event_time"],
    user: ["USER_NAME"],
    ip: ["CLIENT_IP"],
    action: ["QUERY_TYPE"],
    target: ["DATABASE_NAME"],
    grants: /^GRANT/,
    isAnyCase: true,
  },
  {
    type: "snowflake.grantstoroles",
    marks: ["PRIVILEGE", "GRANTED_ON", "GRANTEE_NAME"],
    time: ["CREATED_ON", "p_event_time"],
    user: ["GRANTED_BY"],
    ip: [],
    action: ["PRIVILEGE"],
    target: ["NAME"],
    grants: /./,
    isAnyCase: true,
  },
  {
    type: "snowflake.grantstousers",
    marks: ["GRANTED_BY", "GRANTED_TO", "GRANTEE_NAME"],
    time: ["CREATED_ON", "p_event_time"],
    user: ["GRANTED_BY"],
    ip: [],
    action: ["ROLE", "GRANTED_TO"],
    target: ["GRANTEE_NAME"],
    grants: /./,
    isAnyCase: true,
  },
  {
    type: "snowflake.datatransferhistory",
    marks: ["SOURCE_CLOUD", "TARGET_CLOUD", "BYTES_TRANSFERRED"],
    time: ["START_TIME", "p_event_time"],
    user: ["USER_NAME"],
    ip: [],
    action: ["TRANSFER_TYPE"],
    target: ["TARGET_REGION"],
    isAnyCase: true,
  },
];

const LOGIN_FORMAT = flatFormat(LOGINS);

export const SNOWFLAKE_RECORDS: readonly RecordFormat[] = [
  {
    ...LOGIN_FORMAT,
    // Snowflake's word for the outcome stands beside the event's type.
    read(record) {
      const facts = LOGIN_FORMAT.read(record);
      if (facts === undefined) return undefined;
      const word = text(record, "IS_SUCCESS") ?? text(record, "is_success");
      return { ...facts, kind: word === "YES" ? "login-succeeded" : "login-failed" };
    },
  },
  ...VIEWS.map(flatFormat),
];
