// Text formats of control panels, appliances, directories and file servers. Addresses are read
// where the service writes them, never out of a name.

import { IP } from "./template.ts";
import { accepted, failed, failedUnknown, lineOf, notice, type TextFormat } from "./text-format.ts";

export const PANEL_FORMATS: readonly TextFormat[] = [
  {
    name: "webmin",
    aliases: ["webmin-auth", "usermin"],
    programs: ["webmin", "usermin"],
    lines: [
      failed("Invalid login as <user> from <ip>"),
      failedUnknown("Non-existent login as <user> from <ip>"),
      accepted("Successful login as <user> from <ip>"),
    ],
  },
  {
    name: "proxmox",
    aliases: ["pve"],
    programs: ["pvedaemon", "pveproxy", "pvesh", "pmgproxy", "pmgdaemon"],
    lines: [
      failedUnknown("authentication failure; rhost=<ip> user=<user> msg=no such user (<*>)"),
      failed("authentication failure; rhost=<ip> user=<user> msg=<*>"),
      accepted("<lt><*><gt> successful auth for user '<user>'"),
    ],
  },
  {
    name: "proxmox-backup",
    aliases: ["proxmox-backup-auth"],
    programs: ["proxmox-backup-api", "proxmox-backup-proxy"],
    lines: [
      failed("authentication failure; rhost=<ip:port> user=<user> msg=<*>"),
      failedUnknown("authentication failure; rhost=<ip:port> user=<user> msg=no such user<*>"),
    ],
  },
  {
    name: "cpanel",
    lines: [
      lineOf(
        "login-failed",
        "FAILED LOGIN",
        new RegExp(
          "^info \\[(?:cpaneld|whostmgrd|webmaild)\\] " +
            `${IP} - (?<user>\\S{0,128}) "[A-Z]{3,7} [^"]{0,2048}" FAILED LOGIN ` +
            `(?:cpaneld|whostmgrd|webmaild): .*$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "directadmin",
    lines: [
      lineOf(
        "login-failed",
        "failed login attempt",
        new RegExp(
          `^'${IP}' \\d{1,3} failed login attempts?(?:\\. Account ` +
            `'(?<user>.*)'|(?: on account '.*'))?$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "hestiacp",
    aliases: ["vestacp"],
    lines: [
      lineOf(
        "login-failed",
        "failed to login",
        new RegExp(`^(?<user>.*) ${IP} failed to login$`, "s"),
      ),
      lineOf(
        "login-succeeded",
        "successfully logged in",
        new RegExp(`^(?<user>.*) ${IP} successfully logged in$`, "s"),
      ),
    ],
  },
  {
    name: "plesk",
    programs: ["plesk*"],
    lines: [failed("<*>Failed login attempt with login '<user>' from IP <ip>")],
  },
  {
    name: "froxlor",
    aliases: ["froxlor-auth"],
    programs: ["Froxlor", "froxlor"],
    lines: [
      failedUnknown("[Login Action <ip>] Unknown user '<user>' tried to login."),
      failed("[Login Action <ip>] User '<user>' tried to login with wrong password."),
      failed("[LOGIN] [Login Action <ip>] User '<user>' tried to login with wrong password."),
    ],
  },
  {
    name: "pfsense",
    aliases: ["pfsense-gui"],
    programs: ["php-fpm", "php"],
    lines: [
      failed("/index.php: webConfigurator authentication error for user '<user>' from: <ip>"),
      accepted("/index.php: Successful login for user '<user>' from: <ip> (<*>)"),
      accepted("/index.php: Successful login for user '<user>' from: <ip>"),
    ],
  },
  {
    name: "opnsense",
    aliases: ["opnsense-gui"],
    programs: ["audit", "opnsense*", "lighttpd"],
    lines: [
      failed("/index.php: Web GUI authentication error for '<user>' from <ip>"),
      accepted("/index.php: Successful login for user '<user>' from: <ip>"),
      notice("user <user> authenticated successfully for <*>"),
    ],
  },
  {
    name: "synology-dsm",
    aliases: ["synology"],
    programs: ["synoscgi*", "synologydsm"],
    lines: [
      failed("User [<user>] from [<ip>] failed to log in via [<*>] due to authorization failure."),
      failed("User [<user>] from [<ip>] failed to <sign|log> in to <*>"),
      accepted("User [<user>] from [<ip>] logged in successfully via [<*>]."),
    ],
  },
  {
    name: "qnap",
    programs: ["qulogd*", "qlogd*"],
    lines: [
      lineOf(
        "login-failed",
        "Login Fail",
        new RegExp(
          `^conn log: Users: (?<user>.*), Source IP: ${IP}, Computer name: .*, ` +
            `Connection type: .*, ` +
            "Accessed resources: .*, Action: Login Fail$",
          "s",
        ),
      ),
    ],
  },
  {
    name: "lemonldap-ng",
    programs: ["LLNG", "lemonldap-ng"],
    lines: [
      failedUnknown("<?[warn] ><?Lemonldap::NG : ><user> was not found in LDAP directory (<ip>)"),
      failed("<?[warn] ><?Lemonldap::NG : >Bad password for <user> (<ip>)"),
      failed("<?[warn] ><?[notice] ><user> <was not found|authentication failed> <*> (<ip>)"),
    ],
  },
  {
    name: "apereo-cas",
    aliases: ["cas"],
    lines: [
      lineOf(
        "login-failed",
        "|AUTHENTICATION_FAILED|",
        new RegExp(
          "^(?:INFO|WARN) \\[org\\.apereo\\.inspektr[^\\]]{1,128}\\] - " +
            "[^|]{8,64}\\|[^|]{1,64}\\|.*" +
            `\\|AUTHENTICATION_FAILED\\|(?<user>[^|]{0,256})\\|${IP}\\|[0-9a-fA-F.:]{2,45}$`,
          "s",
        ),
      ),
      lineOf(
        "login-succeeded",
        "|AUTHENTICATION_SUCCESS|",
        new RegExp(
          "^(?:INFO|WARN) \\[org\\.apereo\\.inspektr[^\\]]{1,128}\\] - " +
            "[^|]{8,64}\\|[^|]{1,64}\\|.*" +
            `\\|AUTHENTICATION_SUCCESS\\|(?<user>[^|]{0,256})\\|${IP}\\|[0-9a-fA-F.:]{2,45}$`,
          "s",
        ),
      ),
    ],
  },
  {
    name: "samba",
    aliases: ["smb"],
    programs: ["smbd*", "samba"],
    lines: [
      lineOf(
        "login-failed",
        "NT_STATUS_NO_SUCH_USER",
        new RegExp(
          "^ {0,2}Auth: \\[[^\\]]{1,64}\\] user \\[.*\\]\\\\\\[(?<user>.*)\\] " +
            "at \\[(?<time>[\\w, :.]{20,48})\\] with " +
            `\\[[\\w, ]{1,64}\\] status \\[NT_STATUS_NO_SUCH_USER\\] ` +
            `workstation \\[[^\\]]{0,64}\\] remote host ` +
            `\\[ipv[46]:${IP}:\\d{1,5}\\] .*$`,
          "s",
        ),
        { isUnknown: true },
      ),
      lineOf(
        "login-failed",
        "Auth: [",
        new RegExp(
          "^ {0,2}Auth: \\[[^\\]]{1,64}\\] user \\[.*\\]\\\\\\[(?<user>.*)\\] " +
            "at \\[(?<time>[\\w, :.]{20,48})\\] with " +
            `\\[[\\w, ]{1,64}\\] ` +
            `status \\[NT_STATUS_(?:WRONG_PASSWORD|LOGON_FAILURE` +
            `|ACCOUNT_LOCKED_OUT|ACCOUNT_DISABLED)\\] ` +
            `workstation \\[[^\\]]{0,64}\\] remote host \\[ipv[46]:${IP}:\\d{1,5}\\] .*$`,
          "s",
        ),
      ),
    ],
  },
];
