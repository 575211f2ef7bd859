// Who lives in the demonstration: honest people with their addresses, the names that an attacker
// tries, and the addresses that attackers come from (RFC 5737: documentation only, nobody's).

export interface Person {
  readonly user: string;
  readonly uid: number;
  readonly address: string;
}

const NAMES = ["ana", "bo", "carla", "dev", "eli", "fay", "gus", "hana"];

/** Honest people; each has an address of 192.0.2.0/24. */
export const PEOPLE: readonly Person[] = NAMES.map((user, i) => ({
  user,
  uid: 1001 + i,
  address: `192.0.2.${20 + i}`,
}));

/** Accounts that a kill switch of the story cuts off, one a run, so that runs do not meet. */
const CUT_OFF = ["iris", "jonas", "kaya", "leo", "mona", "nils", "oona", "pavel"];

/** The account of the kill switch in the n-th run, and where its person sits. */
export function cutOffPerson(run: number): Person {
  const i = run % CUT_OFF.length;
  return { user: CUT_OFF[i] as string, uid: 1101 + i, address: `192.0.2.${120 + i}` };
}

/** What everyone on the Internet is tried with; none of them exists on the hosts, but root. */
export const TRIED_NAMES = [
  ...["admin", "oracle", "root", "test", "postgres", "ubuntu", "git", "root", "ftpuser"],
  ...["jenkins", "hadoop", "root", "guest", "nagios", "deploy", "minecraft", "root", "pi"],
] as const;

const ATTACKER_NETS = ["203.0.113.", "198.51.100."];
const ADDRESSES_A_NET = 254;
const FIRST_RUN_AT = 6;

/** The attacker's address of the n-th run: 203.0.113.7 first, then the next one. */
export function attackerAddress(run: number): string {
  const i = (run + FIRST_RUN_AT) % (ATTACKER_NETS.length * ADDRESSES_A_NET);
  const net = ATTACKER_NETS[Math.floor(i / ADDRESSES_A_NET)] as string;
  return `${net}${1 + (i % ADDRESSES_A_NET)}`;
}
