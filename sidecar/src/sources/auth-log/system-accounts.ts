// Which account names belong to the host and not to the realm: root and the accounts that
// distributions create below uid 1000. `root` on one host is not `root` on another.
// A table, not a guess: a log line does not state the uid.

// Debian base-passwd and common packages; Red Hat `setup` and common packages; systemd.
const NAMES = `
root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody
adm shutdown halt operator ftp apache nginx postfix dovecot dovenull mysql postgres redis mongodb
named bind dnsmasq ntp chrony chronyd sshd tcpdump tss rpc rpcuser nfsnobody dbus messagebus
polkitd avahi avahi-autoipd colord pulse rtkit saslauth usbmux libstorage-proxy syslog _apt uuidd
landscape pollinate lxd fwupd-refresh geoclue gdm gdm3 sddm lightdm systemd-network systemd-resolve
systemd-timesync systemd-coredump systemd-oom systemd-bus-proxy systemd-journal-remote cockpit-ws
cockpit-wsinstance sssd unbound setroubleshoot abrt clevis dhcpd dhcpcd haproxy memcached squid
zabbix nagios tomcat jenkins grafana prometheus _chrony _ssh Debian-exim debian-tor debian-snmp
snmp statd kernoops whoopsie hplip cups-pk-helper speech-dispatcher saned gnome-initial-setup
nm-openvpn openvpn git-daemon qemu libvirt-qemu libvirt-dnsmasq ceph etcd docker-registry
`;

const SYSTEM_ACCOUNTS: ReadonlySet<string> = new Set(NAMES.split(/\s+/).filter((n) => n !== ""));

/** Whether `name` is the superuser or an account that a distribution creates for a program. */
export function isSystemAccount(name: string): boolean {
  return SYSTEM_ACCOUNTS.has(name);
}
