// What one busy host of a company sees, as a source decodes it: people and services at work, slips,
// travel, attacks, from the seeded testbed, all of its hosts folded into one. What is done with a
// cloud carries its record, so that rules have something to read. Owns nothing but the folding.

import type { Event } from "@ostraka/agents/kernel";
import { openTestbed } from "../eval/testbed/event-stream.ts";

/** So many people and a tenth of it services: each of them has room for a profile. */
const SHAPE = { seed: 11, people: 800, quietDays: 3, each: 2 };

/** Everyday calls of an account in a cloud; most are named by some rule, as in a real trail. */
const CALLS = [
  ["s3", "GetObject"],
  ["s3", "PutObject"],
  ["s3", "ListBuckets"],
  ["ec2", "DescribeInstances"],
  ["ec2", "StartInstances"],
  ["sts", "AssumeRole"],
  ["sts", "GetCallerIdentity"],
  ["kms", "Decrypt"],
  ["logs", "PutLogEvents"],
  ["lambda", "Invoke20150331"],
  ["secretsmanager", "GetSecretValue"],
  ["dynamodb", "Query"],
] as const;
const SOURCE = "aws.cloudtrail";

/** @returns the first so many events in order of time. Throws when the testbed has fewer. */
export function scorerEvents(count: number): Event[] {
  const events: Event[] = [];
  const calls = new Map<string, number>();
  for (const { host, event } of openTestbed(SHAPE).events()) {
    if (events.length === count) return events;
    // Of one host now: the same id on two of them is two events.
    const id = `${host}/${event.id}`;
    events.push(event.kind === "activity" ? withRecord({ ...event, id }, calls) : { ...event, id });
  }
  throw new Error(`the testbed has ${events.length} events, ${count} are needed`);
}

function withRecord(event: Event, calls: Map<string, number>): Event {
  const { action = "", account = "", address = "", timeMs, target, userAgent, sizeBytes } = event;
  const place = calls.get(action) ?? calls.size;
  calls.set(action, place);
  const [service, eventName] = CALLS[place % CALLS.length] as (typeof CALLS)[number];
  const name = account.slice(account.lastIndexOf("/") + 1);
  const record = {
    eventVersion: "1.08",
    eventTime: new Date(timeMs).toISOString(),
    eventSource: `${service}.amazonaws.com`,
    eventName,
    awsRegion: "eu-central-1",
    sourceIPAddress: address.slice("address:".length),
    userAgent,
    userIdentity: { type: "IAMUser", accountId: "123456789012", userName: name },
    requestParameters: { resource: target },
    responseElements: null,
    additionalEventData: { bytesTransferredOut: sizeBytes },
    eventType: "AwsApiCall",
    readOnly: true,
    managementEvent: true,
    recipientAccountId: "123456789012",
  };
  return { ...event, record, recordType: SOURCE };
}
