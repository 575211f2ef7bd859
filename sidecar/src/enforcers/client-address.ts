// Whose address a request comes from: the socket's peer, or what a trusted proxy says of it.
// Must never let a client choose: only what a trusted proxy itself appended is believed, and an
// element that cannot be read there is no address at all (the caller then denies).

import {
  type AddressBlock,
  type AddressBytes,
  formatAddress,
  isInBlock,
  parseAddress,
  type SubjectText,
} from "@ostraka/proto";
import { trimSpaces } from "./header-space.ts";
import { RememberedSubjects } from "./remembered-subjects.ts";

/** Proxies between a client and the gate; a longer trusted chain is refused as unreadable. */
export const PROXY_HOPS_MAX = 32;

/** Peers remembered; the memory is emptied when full, so it costs time and not truth. */
const PEERS_REMEMBERED = 1024;

const BRACKETED = /^\[([0-9a-fA-F:.]{2,45})\](?::([0-9]{1,5}))?$/;
const WITH_PORT = /^([0-9.]{7,15}):([0-9]{1,5})$/;

export interface Peer {
  readonly subject: SubjectText;
  readonly isTrusted: boolean;
}

export class ClientAddresses {
  readonly #trusted: readonly AddressBlock[];
  readonly #peers = new Map<string, Peer>();
  readonly #clients = new RememberedSubjects();

  constructor(trusted: readonly AddressBlock[]) {
    this.#trusted = trusted;
  }

  /** The socket's other end; `undefined` when the socket is already gone. */
  peer(remoteAddress: string | undefined): Peer | undefined {
    if (remoteAddress === undefined) return undefined;
    const known = this.#peers.get(remoteAddress);
    if (known !== undefined) return known;
    // The zone of a link-local peer (RFC 4007) is this host's own name for the link, put there by
    // the kernel and not by the peer, so here it may be dropped.
    const zone = remoteAddress.indexOf("%");
    const bytes = parseAddress(zone < 0 ? remoteAddress : remoteAddress.slice(0, zone));
    if (bytes === undefined) return undefined;
    const peer = { subject: subjectOf(bytes), isTrusted: this.#isTrusted(bytes) };
    if (this.#peers.size >= PEERS_REMEMBERED) this.#peers.clear();
    this.#peers.set(remoteAddress, peer);
    return peer;
  }

  /**
   * The right-most address that is no trusted proxy, of a header that a trusted proxy sent; where
   * all are trusted, the left-most. What stands to its left was written by the client: never read.
   * @returns `undefined` when an element that had to be believed is empty, no address, or zoned.
   */
  forwarded(header: string): SubjectText | undefined {
    const known = this.#clients.find(header);
    if (known !== undefined) return known;
    const client = this.#walk(header);
    if (client !== undefined) this.#clients.keep(header, client);
    return client;
  }

  #walk(header: string): SubjectText | undefined {
    let end = header.length;
    for (let hops = 0; hops < PROXY_HOPS_MAX; hops++) {
      const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
      const bytes = elementAddress(trimSpaces(header, comma + 1, end));
      if (bytes === undefined) return undefined;
      if (comma < 0 || !this.#isTrusted(bytes)) return subjectOf(bytes);
      end = comma;
    }
    return undefined;
  }

  #isTrusted(bytes: AddressBytes): boolean {
    for (const block of this.#trusted) if (isInBlock(bytes, block)) return true;
    return false;
  }
}

function subjectOf(bytes: AddressBytes): SubjectText {
  return `address:${formatAddress(bytes)}` as SubjectText;
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, no other. */
function elementAddress(text: string): AddressBytes | undefined {
  if (text.startsWith("[")) {
    const parts = BRACKETED.exec(text);
    if (parts === null || !isPort(parts[2])) return undefined;
    const inside = parts[1] as string;
    return inside.includes(":") ? parseAddress(inside) : undefined;
  }
  const parts = WITH_PORT.exec(text);
  if (parts === null) return parseAddress(text);
  return isPort(parts[2]) ? parseAddress(parts[1] as string) : undefined;
}

function isPort(text: string | undefined): boolean {
  return text === undefined || Number(text) <= 65_535;
}
