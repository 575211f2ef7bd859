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
  "3proxy access-log adguardhome apache apereo-cas arr assp asterisk audiobookshelf " +
    "auditd bitwarden bookstack caddy calibre-web centreon charon cisco counter-strike " +
    "courier cowrie cpanel cyrus danted directadmin domino dovecot dropbear drupal ejabberd " +
    "emby endlessh endlessh-go esxi exchange exchange-imap exchange-pop exchange-smtp exim " +
    "fail2ban filebrowser fireflyiii freeswitch froxlor gin gitea guacamole haproxy harbor " +
    "hestiacp home-assistant horde humhub iis immich jellyfin jellyseerr joomla kerio " +
    "lemonldap-ng lighttpd mailcow mailu-admin mealie meshcentral mikrotik mongodb-text " +
    "monit monitorix mssql murmur mysql named nextcloud nginx nrpe nsd ombi openhab " +
    "opensmtpd openvpn openwebmail opnsense oracle-ims paloalto paperless-ngx perdition " +
    "pfsense phpmyadmin plesk portsentry postfix postgresql ppp proftpd proxmox " +
    "proxmox-backup pure-ftpd qbittorrent qnap redis redmine roundcube sabnzbd samba " +
    "scanlogd screensharingd seafile sendmail slapd softether sogo solid-pop3d squid " +
    "squirrelmail sshesame stunnel suhosin synapse synology-dsm syslog teamspeak3 " +
    "technitium telnetd thehive tine20 traefik uptime-kuma uw-imap vaultwarden vsftpd " +
    "webmin windows wineventlog wireguard wordpress wuftpd xinetd xrdp zimbra znc " +
    "zoneminder",
);

/** Other names of the same. */
const RECORD_ALIASES = words(
  "amazon.eks.audit auth0 authelia authentik aws-cloudtrail azure azure.signin canary " +
    "cloudtrail duo duo.auth entra gcp github gitlab google-workspace grafana " +
    "gravitational.teleport gsuite headscale json k8s-audit keycloak kubernetes logfmt m365 " +
    "miniflux mongodb mongodb-atlas navidrome ntfy o365 office365 okta onelogin opencanary " +
    "outline sftpgo teleport vault windows-json winlogbeat zitadel",
);
const TEXT_ALIASES = words(
  "accel-ppp apache-auth apache-badbots apache-botsearch apache-guacamole " +
    "apache-modsecurity apache-nohome apache-noscript apache-overflows apache-shellshock " +
    "apache2 asa bind9 bitwarden_rs cas cisco-asa cisco-ios courier-auth courier-smtp " +
    "cyrus-imap dante domino-smtp drupal-auth ejabberd-auth exim4 forgejo froxlor-auth gogs " +
    "gotify haproxy-http-auth hass homeassistant hostd httpd lidarr lighttpd-auth mailu " +
    "mariadb matrix-synapse mongodb-auth monica mssql-auth mumble mysqld mysqld-auth nagios " +
    "named-refused nginx-bad-request nginx-botsearch nginx-forbidden nginx-http-auth " +
    "nginx-limit-req nginx-proxy-manager openresty opnsense-gui oracleims overseerr " +
    "owncloud palo-alto pan-os paperless pfsense-gui pgsql postgres prowlarr " +
    "proxmox-backup-auth pureftpd pve radarr readarr recidive roundcube-auth routeros " +
    "routeros-auth smb softethervpn sonarr synology teamspeak usermin uwimap uwimap-auth " +
    "vestacp vmware w3c webmin-auth whisparr xinetd-fail yii znc-adminlog",
);

/** Every name that `openFormat` takes, for a message that lists them. */
export function formatNames(): readonly string[] {
  return [DEFAULT_FORMAT, AUTO_FORMAT, ...RECORDS, ...TEXTS].sort();
}

export function isFormat(name: string): boolean {
  const isBuiltIn = name === DEFAULT_FORMAT || name === AUTO_FORMAT;
  return isBuiltIn || isRecordFormat(name) || TEXTS.has(name) || TEXT_ALIASES.has(name);
}

export function isRecordFormat(name: string): boolean {
  return RECORDS.has(name) || RECORD_ALIASES.has(name);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
