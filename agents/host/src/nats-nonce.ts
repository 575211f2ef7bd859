// Signing in to NATS. Owns the guard on the nonce: a broker chooses what a NATS key signs, so only
// what looks like a nonce is signed, never the bytes of an envelope (DESIGN.md 3, "Three keys").

import { OstrakaError } from "@ostraka/proto";
import type { Auth, Authenticator } from "nats";
import { openSigner } from "./crypto-sodium.ts";
import { natsKeyText, natsSeedBytes } from "./nkey-text.ts";

/** nats-server sends 11 or more random bytes in base64url. DSSE's encoding starts "DSSEv1 ". */
const NONCE = /^[A-Za-z0-9_-]{8,64}$/;

/** True for a short base64url token: no envelope, which has spaces, is one. */
export function isPlainNonce(nonce: string): boolean {
  return NONCE.test(nonce);
}

export interface NonceGuard {
  readonly authenticator: Authenticator;
  /** Why the last sign-in was refused by us, if it was. */
  refusal(): OstrakaError | undefined;
}

/**
 * An authenticator over credentials that signs plain nonces only. Anything else is left
 * unsigned and said on the log.
 * @param readCreds text of a NATS credentials file, asked at each sign-in.
 */
export function nonceGuard(
  readCreds: () => string,
  log: { error(fields: object, message: string): void },
): NonceGuard {
  let refusal: OstrakaError | undefined;
  return {
    authenticator: (nonce) => {
      refusal = undefined;
      if (nonce === undefined || isPlainNonce(nonce)) {
        try {
          return signIn(readCreds(), nonce);
        } catch (error) {
          // An exception here would end the connection for good; unsigned, it is tried again.
          log.error({ reason: String(error) }, "the NATS credentials cannot be read");
          return undefined;
        }
      }
      refusal = new OstrakaError(
        "OSTRAKA_REFUSED",
        "the NATS server asks for a signature over what is no nonce; nothing was signed. " +
          "Check who runs that server.",
      );
      log.error({ nonceLength: nonce.length }, refusal.message);
      return undefined;
    },
    refusal: () => refusal,
  };
}

/** The blocks of a credentials file: the user's JWT, then the seed. */
const BLOCKS = /-{3,}[^\n]*-{3,}\s+(\S+)\s+-{3,}[^\n]*-{3,}/g;

/** As the library does it, which takes 20 ms for what sodium does in a twentieth of one. */
function signIn(creds: string, nonce: string | undefined): Auth {
  const [jwt, seedText] = [...creds.matchAll(BLOCKS)].map(([, text]) => text);
  const seed = seedText === undefined ? undefined : natsSeedBytes("user", seedText);
  if (jwt === undefined || seed === undefined) throw new Error("no JWT, or no seed of a user");
  const signer = openSigner(seed);
  const signature = signer.sign(Buffer.from(nonce ?? "", "utf8"));
  const sig = nonce === undefined ? "" : Buffer.from(signature).toString("base64url");
  return { jwt, nkey: natsKeyText("user", signer.publicKey), sig };
}
