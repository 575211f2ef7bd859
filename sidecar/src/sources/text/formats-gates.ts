// Text formats of firewalls, gateways and hypervisors, and of small services that fail2ban's users
// name: each line is anchored, and what a stranger typed never stands where an address is read.

import { IP } from "./template.ts";
import { accepted, failed, lineOf, probed, type TextFormat } from "./text-format.ts";

/** What a syslog server or the box itself writes before a message's own name. */
const HOST = "(?:[\\w.:-]{1,64} ){0,2}(?:: )?";
const ASA = `^${HOST}%(?:ASA|FTD|PIX)-\\d-`;
const IOS = `^${HOST}(?:\\*?[\\w :.]{8,40}: )?%SEC_LOGIN-\\d-`;

const CISCO: TextFormat = {
  name: "cisco",
  aliases: ["cisco-asa", "cisco-ios", "asa"],
  lines: [
    lineOf(
      "login-failed",
      "605004: Login denied from ",
      new RegExp(
        `${ASA}605004: Login denied from ${IP}/\\d{1,5} to \\S{1,256} for user "?(?<user>.*?)"?$`,
      ),
    ),
    lineOf(
      "login-succeeded",
      "605005: Login permitted from ",
      new RegExp(
        `${ASA}605005: Login permitted from ${IP}/\\d{1,5} to \\S{1,256} ` +
          'for user "?(?<user>.*?)"?$',
      ),
    ),
    lineOf(
      "login-failed",
      "AAA user authentication Rejected",
      new RegExp(
        `${ASA}1130(?:05|15): AAA user authentication Rejected : reason = [^:=]{1,80} : ` +
          `(?:local database|server = [^\\s:]{1,64}) : user = (?<user>.*) : user IP = ${IP}$`,
        "s",
      ),
    ),
    lineOf(
      "login-failed",
      "Authentication: rejected",
      new RegExp(
        `${ASA}\\d{6}: Group <[^<>]{1,128}> User <(?<user>.*)> IP <${IP}> ` +
          "Authentication: rejected.*$",
        "s",
      ),
    ),
    lineOf(
      "login-failed",
      "LOGIN_FAILED: Login failed",
      new RegExp(
        `${IOS}LOGIN_FAILED: Login failed \\[user: (?<user>.*)\\] \\[Source: ${IP}\\] ` +
          "\\[localport: \\d{1,5}\\] \\[Reason: [^\\]]{1,128}\\] at .*$",
        "s",
      ),
    ),
    lineOf(
      "login-succeeded",
      "LOGIN_SUCCESS: Login Success",
      new RegExp(
        `${IOS}LOGIN_SUCCESS: Login Success \\[user: (?<user>.*)\\] \\[Source: ${IP}\\] ` +
          "\\[localport: \\d{1,5}\\] at .*$",
        "s",
      ),
    ),
  ],
};

const PALO_ALTO: TextFormat = {
  name: "paloalto",
  aliases: ["pan-os", "palo-alto"],
  lines: [
    lineOf(
      "login-failed",
      "failed authentication for user",
      new RegExp(
        `^${HOST}\\d,[\\d/]{10} [\\d:]{8},\\w{1,32},SYSTEM,auth,(?:[^,"]{0,64},){1,16}"failed ` +
          `authentication for user '(?<user>.*)'\\. {1,2}Reason: .*From: ${IP}\\.".*$`,
        "s",
      ),
    ),
  ],
};

// Both lines are of one attempt: the second is the event that vCenter shows.
const ESXI: TextFormat = {
  name: "esxi",
  aliases: ["vmware", "hostd"],
  programs: ["Hostd", "hostd"],
  isTaggedOnly: true,
  lines: [
    failed("<*>Rejected password for user <user> from <ip>"),
    failed("<*> : Cannot login <user>@<ip>", { layer: "event" }),
    accepted("<*>Accepted password for user <user> from <ip>"),
  ],
};

const JOOMLA: TextFormat = {
  name: "joomla",
  lines: [
    lineOf(
      "login-failed",
      "joomlafailure",
      new RegExp(`^(?:INFO|WARNING|ERROR)\\s${IP}\\sjoomlafailure\\s.*$`, "s"),
    ),
  ],
};

const SABNZBD: TextFormat = {
  name: "sabnzbd",
  lines: [
    lineOf(
      "login-failed",
      "Unsuccessful login attempt from",
      new RegExp(
        `^:{0,2}WARNING::\\[\\w{1,32}:\\d{1,6}\\] Unsuccessful login attempt from ${IP} \\[.*\\]$`,
        "s",
      ),
    ),
  ],
};

const ASSP: TextFormat = {
  name: "assp",
  lines: [
    lineOf(
      "login-failed",
      "max sender authentication errors",
      new RegExp(
        `^(?:[\\w-]{1,64} )?(?:Session-ID |[\\w-]{1,64} )?(?:\\[[\\w-]{1,32}\\] ){0,2}${IP} ` +
          "(?:<[^<>]{0,256}> )?(?:to: \\S{1,256} )?max sender authentication errors .*$",
        "s",
      ),
    ),
    lineOf(
      "login-probed",
      "SSL negotiation with client failed",
      new RegExp(`^(?:\\[[\\w-]{1,32}\\] ){0,2}${IP} SSL negotiation with client failed: .*$`, "s"),
    ),
  ],
};

const DOMINO: TextFormat = {
  name: "domino",
  aliases: ["domino-smtp"],
  lines: [
    failed("<s>SMTP Server: Authentication failed for user <user> ; connecting host <ip>"),
    failed("SMTP Server: Authentication failed for user <user> ; connecting host <ip>"),
  ],
};

// A status of 00001 to 00009 is a refused login; NAME is `-` for who gave none.
const PROXY3: TextFormat = {
  name: "3proxy",
  lines: [
    lineOf(
      "login-failed",
      "PROXY.",
      new RegExp(`^PROXY\\.\\d{1,5} 0000[1-9] \\S{1,256} ${IP}:\\d{1,5} .*$`, "s"),
    ),
  ],
};

// Oracle's messaging server, an element a line: `tr` names both ends, the client last.
const ORACLE_IMS: TextFormat = {
  name: "oracle-ims",
  aliases: ["oracleims"],
  lines: [
    lineOf(
      "login-failed",
      'mi="',
      new RegExp(
        '^<co ts="(?<time>[^"]{19,32})"[^<>]{0,256}? tr="[^"|]{1,16}\\|[^"|]{1,64}\\|\\d{1,5}\\|' +
          `${IP}\\|\\d{1,5}"[^<>]{0,256}? mi="(?:Bad password|No such user|` +
          'Authentication failed)"[^<>]{0,1024}/>$',
      ),
    ),
  ],
};

const FAIL2BAN: TextFormat = {
  name: "fail2ban",
  aliases: ["recidive"],
  programs: ["fail2ban.actions", "fail2ban"],
  lines: [
    lineOf(
      "login-probed",
      "] Ban ",
      new RegExp(
        `^fail2ban\\.actions\\s{0,16}(?:\\[\\d{1,10}\\])?: (?:NOTICE|WARNING)\\s{1,8}` +
          `\\[[\\w.-]{1,64}\\] Ban ${IP}\\s*$`,
      ),
    ),
    lineOf(
      "login-probed",
      "] Ban ",
      new RegExp(`^(?:NOTICE|WARNING):?\\s{1,8}\\[[\\w.-]{1,64}\\] Ban ${IP}\\s*$`),
    ),
  ],
};

const COUNTER_STRIKE: TextFormat = {
  name: "counter-strike",
  lines: [
    lineOf("login-failed", "Bad Rcon: ", new RegExp(`^Bad Rcon: ".*" from "${IP}:\\d{1,5}"$`, "s")),
  ],
};

const SMALL: readonly TextFormat[] = [
  { name: "znc", aliases: ["znc-adminlog"], lines: [failed("[<user>] failed to login from <ip>")] },
  {
    name: "portsentry",
    programs: ["portsentry"],
    isTaggedOnly: true,
    lines: [
      probed("attackalert: Connect from host: <w>/<ip> to <TCP|UDP> port: <n>"),
      probed("attackalert: <w> scan from host: <w>/<ip> to <TCP|UDP> port: <n>"),
    ],
  },
  {
    name: "scanlogd",
    programs: ["scanlogd"],
    isTaggedOnly: true,
    lines: [probed("<ip> to <w> ports <*>"), probed("<ip>:<n> to <w> ports <*>")],
  },
];

export const GATE_FORMATS: readonly TextFormat[] = [
  ...[CISCO, PALO_ALTO, ESXI, JOOMLA, SABNZBD, ASSP, DOMINO, PROXY3, ORACLE_IMS, FAIL2BAN],
  COUNTER_STRIKE,
  ...SMALL,
];
