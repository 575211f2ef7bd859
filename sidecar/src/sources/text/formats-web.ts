// Text formats of web servers' error logs, where a client's words stand in quotes behind its
// address.

import { failed, lineOf, type TextFormat } from "./text-format.ts";

const IP = "(?<ip>[0-9a-fA-F.:]{2,45})";
// `[client A:port]`; IPv6 with a port stands in brackets of its own.
const APACHE_CLIENT =
  "^(?:\\[[\\w:]{1,40}\\] )?(?:\\[pid \\d+(?::tid \\d+)?\\] )?(?:\\(\\d+\\)[^:\\[\\]]{1,80}: )?" +
  "\\[(?:client|remote) " +
  "(?:(?<ip>\\[[0-9a-fA-F:.]{2,45}\\](?::\\d{1,5})?|[0-9a-fA-F.:]{2,51}))\\] " +
  "(?:AH\\d{5}: )?(?:Digest: )?";
const apache = (literal: string, rest: string, isUnknown = false) =>
  lineOf("login-failed", literal, new RegExp(`${APACHE_CLIENT}${rest}$`, "s"), {
    ...(isUnknown && { isUnknown }),
  });
const REFERER = "(?:, referer: .*)?";

/** Files that only a search for weak spots asks for, as a server names them on its own disk. */
const PROBED_FILE =
  "/(?:phpmyadmin|pma|myadmin|mysqladmin|dbadmin|sqladmin|phppgadmin|w00tw00t|cgi-bin/|" +
  "scripts/setup|wp-login|wp-admin|xmlrpc|roundcube|webmail|horde|zpanel|typo3|~root|" +
  "\\.env|\\.git/)";

const APACHE: TextFormat = {
  name: "apache",
  aliases: [
    ...["apache2", "httpd", "apache-auth", "apache-badbots", "apache-botsearch", "apache-nohome"],
    ...["apache-modsecurity", "apache-noscript", "apache-overflows", "apache-shellshock"],
  ],
  programs: ["apache2*", "httpd*", "apache*"],
  lines: [
    // mod_evasive denies by rate, which says nothing about a credential.
    lineOf("service-notice", "[evasive", /^\[evasive20:error\] .*$/s),
    apache(" not found", `user (?<user>.{0,256}?) not found(?:: .*)?${REFERER}`, true),
    apache("not found: ", `user \`(?<user>.{0,256}?)' in realm \`.*' not found: .*`, true),
    apache("authentication failure for", `user (?<user>.{0,256}?): authentication failure for .*`),
    apache("authorization failure for", `user (?<user>.{0,256}?): authorization failure for .*`),
    apache("password mismatch", `user (?<user>.{0,256}?): password mismatch: .*`),
    apache(
      "Authorization of user",
      `Authorization of user (?<user>.{0,256}?) to access .* failed, reason: .*`,
    ),
    apache(
      "Login denied for user",
      '(?:WAR|ERR) \\[Login denied for user "(?<user>[^"]{0,256})"\\].*',
    ),
    apache(
      "Could not retrieve user",
      "(?:WAR|ERR) \\[Could not retrieve user (?<user>.{0,256}?) details\\].*",
      true,
    ),
    lineOf(
      "login-probed",
      " ",
      new RegExp(
        `${APACHE_CLIENT}(?:script '.*' not found or unable to stat.*|Invalid URI in request .*|` +
          "(?:request failed: )?(?:URI too long|error reading the " +
          "headers|erroneous characters).*|" +
          "ModSecurity: .*Access denied .*|invalid (?:URI path|URL) .*)$",
        "s",
      ),
    ),
    lineOf(
      "login-probed",
      "not exist",
      new RegExp(`${APACHE_CLIENT}File does not exist: (?=\\S*${PROBED_FILE}).*$`, "is"),
    ),
    lineOf(
      "login-probed",
      "too long",
      new RegExp(`${APACHE_CLIENT}(?:\\(\\d+\\))?File name too long: access to .* failed.*$`, "s"),
    ),
    lineOf(
      "login-probed",
      "function definition attempt",
      new RegExp(`${APACHE_CLIENT}.*warning: .*: ignoring function definition attempt.*$`, "s"),
    ),
    apache("client denied by server configuration", "client denied by server configuration: .*"),
    apache("used wrong authentication scheme", "client used wrong authentication scheme: .*"),
    apache("invalid qop", "invalid qop `.*' received: .*"),
    apache("unknown algorithm", "unknown algorithm `.*' received: .*"),
    apache("realm mismatch", "realm mismatch - got `.*' but expected .*"),
    apache(
      "invalid nonce",
      "invalid nonce .{0,256} received - (?:length is not .*|user attempted time travel.*)",
    ),
    apache(
      "provided via SNI",
      "(?:Hostname .* provided via SNI.*|No hostname was provided via SNI .*)",
    ),
  ],
};

// A name of basic authentication holds no colon (RFC 7617 section 2), so the first `, client: `
// behind it is nginx's own. Request, host and referrer stand behind it, the client's unescaped
// words; of these only a referrer may hold a second one, since in a request there is no space.
const NGINX_HEAD = "^(?:\\[(?:error|info|crit|warn)\\] )?\\d+#\\d+: (?:\\*\\d+ )?";
const NGINX_CLIENT = `, client: ${IP}, server: (?:(?!, client: ).)*?(?:, referrer: ".*)?$`;

const NGINX: TextFormat = {
  name: "nginx",
  aliases: [
    ...["nginx-http-auth", "openresty", "nginx-proxy-manager", "nginx-botsearch"],
    ...["nginx-bad-request", "nginx-forbidden", "nginx-limit-req"],
  ],
  programs: ["nginx"],
  lines: [
    lineOf(
      "login-failed",
      "was not found in",
      new RegExp(
        `${NGINX_HEAD}user "(?<user>[^:]*)":? was not found in "[^"]{0,255}"${NGINX_CLIENT}`,
        "s",
      ),
      { isUnknown: true, method: "basic" },
    ),
    lineOf(
      "login-failed",
      "password mismatch",
      new RegExp(`${NGINX_HEAD}user "(?<user>[^:]*)": password mismatch${NGINX_CLIENT}`, "s"),
      { method: "basic" },
    ),
    lineOf(
      "login-failed",
      "not authenticated",
      new RegExp(
        `${NGINX_HEAD}PAM: user '(?<user>[^:]*)' - not authenticated: [\\w ]{1,64}${NGINX_CLIENT}`,
        "s",
      ),
      { method: "pam" },
    ),
    lineOf(
      "login-probed",
      "SSL",
      new RegExp(
        `${NGINX_HEAD}SSL_(?:do_handshake|read)\\(\\) failed \\(SSL: [^,]{1,256}\\) ` +
          `while [a-zA-Z ]{1,40}, client: ${IP}, server: .*$`,
        "s",
      ),
    ),
    lineOf(
      "login-probed",
      "No such file or directory",
      new RegExp(
        `${NGINX_HEAD}open\\(\\) "(?=[^"]*${PROBED_FILE})[^"]{1,1024}" failed ` +
          `\\(2: No such file or directory\\)${NGINX_CLIENT}`,
        "is",
      ),
    ),
    lineOf(
      "login-probed",
      ", client: ",
      new RegExp(
        `${NGINX_HEAD}(?:limiting (?:requests|connections)[^"]{0,80} zone "[^"]{0,64}"|` +
          `access forbidden by rule)${NGINX_CLIENT}`,
        "s",
      ),
    ),
    lineOf(
      "login-probed",
      "ModSecurity: Access denied",
      new RegExp(`${NGINX_HEAD}\\[client ${IP}\\] ModSecurity: Access denied .*$`, "s"),
    ),
    lineOf(
      "login-probed",
      "NAXSI_FMT",
      new RegExp(`${NGINX_HEAD}NAXSI_FMT: (?=[^,]*&block=1&).*?${NGINX_CLIENT}`, "s"),
    ),
    lineOf("service-notice", "#", new RegExp(`${NGINX_HEAD}.*$`, "s")),
  ],
};

const LIGHTTPD: TextFormat = {
  name: "lighttpd",
  aliases: ["lighttpd-auth"],
  programs: ["lighttpd"],
  lines: [
    failed("(mod_auth.c.<n>) password doesn't match for <*> username: <user>, IP: <ip>"),
    failed("(http_auth.c.<n>) password doesn't match for <*> username: <user>, IP: <ip>"),
    failed("(http_auth.c.<n>) get_password failed, IP: <ip>"),
    failed("(http_auth.c.<n>) digest: auth failed for <user>: wrong password, IP: <ip>"),
    failed("(mod_auth.c.<n>) digest: auth failed for <user>: wrong password, IP: <ip>"),
    failed("(mod_auth.c.<n>) password doesn't match for <user> from <ip>"),
  ],
};

const HAPROXY: TextFormat = {
  name: "haproxy",
  aliases: ["haproxy-http-auth"],
  programs: ["haproxy"],
  lines: [
    lineOf(
      "login-failed",
      "<NOSRV>",
      new RegExp(
        `^${IP}:\\d{1,5} \\[[^\\]]{1,40}\\] \\S{1,128} \\S{1,128}/<NOSRV> ` +
          "[-\\d/+]{5,60} \\+?401 .*$",
        "s",
      ),
      { method: "basic" },
    ),
    lineOf("service-notice", " [", new RegExp(`^${IP}:\\d{1,5} \\[[^\\]]{1,40}\\] .*$`, "s")),
  ],
};

export const WEB_FORMATS: readonly TextFormat[] = [APACHE, NGINX, LIGHTTPD, HAPROXY];
