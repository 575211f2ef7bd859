// Text formats of web sites and collections: content management, accounts, books, files, images.
// Addresses are read where the application writes them, never out of a name.

import { IP } from "./template.ts";
import { accepted, failed, failedUnknown, lineOf, type TextFormat } from "./text-format.ts";

export const SITE_FORMATS: readonly TextFormat[] = [
  {
    name: "fireflyiii",
    lines: [
      lineOf(
        "login-failed",
        "AUDIT: Login failed.",
        new RegExp(
          '^\\w{1,32}\\.[A-Z]{4,9}: AUDIT: Login failed\\. Attempt for user "(?<user>.*)" ' +
            `failed\\. \\(${IP} -> POST:.*\\)$`,
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "AUDIT: ",
        new RegExp(
          '^\\w{1,32}\\.[A-Z]{4,9}: AUDIT: User #\\d+ \\("(?<user>.*)"\\) has logged in\\. ' +
            `\\(${IP} -> \\w+:.*\\)$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "bookstack",
    aliases: ["monica"],
    lines: [
      // BookStack writes no address unless it is told to; then it stands at the end.
      failed("Failed login for <user> from <ip>"),
      failed('[<*>] Failed login attempt for "<user>" from <ip>'),
    ],
    isTaggedOnly: true,
  },
  {
    name: "meshcentral",
    programs: ["meshcentral"],
    lines: [
      failed("meshcentral: Failed login for <user> from <ip>, port <n>"),
      failed("Failed password for <user> from <ip> port <n>"),
      failedUnknown("Invalid user <user> from <ip> port <n>"),
    ],
    isTaggedOnly: true,
  },
  {
    name: "phpmyadmin",
    programs: ["phpMyAdmin"],
    lines: [
      failed(
        "user denied: <user> (<mysql-denied|allow-denied|root-denied|empty-denied>) from <ip>",
      ),
    ],
  },
  {
    name: "drupal",
    aliases: ["drupal-auth"],
    programs: ["drupal"],
    lines: [
      lineOf(
        "login-failed",
        "|user|",
        new RegExp(
          `^https?://[^|]{1,255}\\|\\d{10}\\|user\\|${IP}\\|[^|]{0,512}\\|[^|]{0,512}\\|\\d{1,10}` +
            "\\|[^|]{0,512}\\|Login attempt failed (?:for (?<user>.*?)|from .*)\\.?$",
          "s",
        ),
      ),
      failed("Login attempt failed for <user>. <ip>"),
    ],
  },
  {
    name: "wordpress",
    programs: ["wordpress*"],
    lines: [
      failedUnknown("Authentication attempt for unknown user <user> from <ip>"),
      failed("Authentication failure for <user> from <ip>"),
      failed("REST authentication failure for <user> from <ip>"),
      failed("XML-RPC authentication failure for <user> from <ip>"),
      failed("XML-RPC multicall authentication failure from <ip>"),
      failed("XML-RPC authentication attempt for unknown user <user> from <ip>"),
      failed("Blocked authentication attempt for <user> from <ip>"),
      failed("Blocked user enumeration attempt from <ip>"),
      accepted("Accepted password for <user> from <ip>"),
    ],
  },
  {
    name: "tine20",
    lines: [
      lineOf(
        "login-failed",
        "Login with username",
        new RegExp(
          "^WARN \\(4\\): Tinebase_Controller::login::\\d+ Login with username " +
            `(?<user>.*) from ${IP} failed \\([-\\d]+\\)!$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "openhab",
    lines: [failed('<ip> -  -  [<]*>] "GET /rest/<*> HTTP/1.1" 401 <*>')],
  },
  {
    name: "seafile",
    lines: [
      failed(
        "[WARNING] seahub.auth.views:<n> login Login attempt limit reached, username: " +
          "<user>, ip: <ip>, <*>",
      ),
    ],
  },
  {
    name: "calibre-web",
    lines: [
      lineOf(
        "login-failed",
        "Login failed for user",
        new RegExp(
          '^WARN(?:ING)? \\{cps\\.web:\\d+\\} Login failed for user "(?<user>.*)" IP-address: ' +
            `${IP}$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "arr",
    aliases: ["radarr", "sonarr", "prowlarr", "lidarr", "readarr", "whisparr"],
    lines: [
      lineOf(
        "login-failed",
        "Auth-Failure",
        new RegExp(
          `^(?:\\|)?(?:Warn|Info)\\|Auth\\|Auth-Failure ip ${IP} username '(?<user>.*)'$`,
          "s",
        ),
      ),
      lineOf(
        "login-failed",
        "Auth-Failure",
        new RegExp(
          "^(?:\\[(?:Warn|Info)\\] )?Auth: Auth-(?:Failure|Unauthorized) ip " +
            `${IP} username '(?<user>.*)'\\s?$`,
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "Auth-Success",
        new RegExp(
          `^(?:\\[Info\\] Auth: |\\|?Info\\|Auth\\|)Auth-Success ip ${IP} ` +
            `username '(?<user>.*)'\\s?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "harbor",
    lines: [failed("[ERROR] [<]*>]: Failed to authenticate user: <user> from <ip>")],
    isTaggedOnly: true,
  },
];
