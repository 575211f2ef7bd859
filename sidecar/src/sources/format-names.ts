// The names of the formats, and nothing that reads one: a configuration is checked by them before
// anybody knows whether this host reads a log at all. The formats are in `formats.ts`, and a test
// there holds these names to be theirs.

export const AUTO_FORMAT = "auto";
export const DEFAULT_FORMAT = "auth-log";

/** Names of formats whose records say more than who and from where. */
const RECORDS = words(
  "asana.audit atlassian.audit auth0.events aws.cloudtrail aws.guardduty azure.audit " +
    "azure.monitoractivity bitwarden.events box.event carbonblack.audit cloudflare.audit " +
    "dropbox.teamevent duo.administrator duo.authentication gcp.auditlog github.audit " +
    "gitlab.audit gravitational.teleportaudit gsuite.activityevent json.login " +
    "kubernetes.audit microsoft365.audit microsoftgraph.securityalert " +
    "mongodb.organizationevent notion.auditlogs okta.systemlog onelogin.events " +
    "onepassword.itemusage onepassword.signinattempt pushsecurity.activity " +
    "pushsecurity.attackdetection pushsecurity.controls pushsecurity.entities " +
    "salesforce.login slack.auditlogs snowflake.datatransferhistory snowflake.grantstoroles " +
    "snowflake.grantstousers snowflake.loginhistory snowflake.queryhistory sublime.audit " +
    "tailscale.audit thinkst.incident tines.audit windows.eventlogs wiz.audit zendesk.audit " +
    "zoom.activity",
);

const TEXTS = words(
  "access-log adguardhome apache apereo-cas arr asterisk audiobookshelf auditd bitwarden " +
    "bookstack caddy calibre-web centreon charon courier cowrie cpanel cyrus danted " +
    "directadmin dovecot dropbear drupal ejabberd emby endlessh endlessh-go exchange " +
    "exchange-imap exchange-pop exchange-smtp exim filebrowser fireflyiii freeswitch froxlor " +
    "gin gitea guacamole haproxy harbor hestiacp home-assistant horde humhub iis immich " +
    "jellyfin jellyseerr kerio lemonldap-ng lighttpd mailcow mailu-admin mealie meshcentral " +
    "mikrotik mongodb-text monit monitorix mssql murmur mysql named nextcloud nginx nrpe nsd " +
    "ombi openhab opensmtpd openvpn openwebmail opnsense paperless-ngx perdition pfsense " +
    "phpmyadmin plesk postfix postgresql ppp proftpd proxmox proxmox-backup pure-ftpd " +
    "qbittorrent qnap redis redmine roundcube samba screensharingd seafile sendmail slapd " +
    "softether sogo solid-pop3d squid squirrelmail sshesame stunnel suhosin synapse " +
    "synology-dsm syslog teamspeak3 technitium telnetd thehive tine20 traefik uptime-kuma " +
    "uw-imap vaultwarden vsftpd webmin windows wineventlog wireguard wordpress wuftpd xinetd " +
    "xrdp zimbra zoneminder",
);

/** Every name that `openFormat` takes, for a message that lists them. */
export function formatNames(): readonly string[] {
  return [DEFAULT_FORMAT, AUTO_FORMAT, ...RECORDS, ...TEXTS].sort();
}

export function isFormat(name: string): boolean {
  return name === DEFAULT_FORMAT || name === AUTO_FORMAT || isRecordFormat(name) || TEXTS.has(name);
}

export function isRecordFormat(name: string): boolean {
  return RECORDS.has(name);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
