// A PEM file that holds a certificate and its key, as `init` and `host join` write it. Owns its
// parting; the key never leaves in an error.

import { readSecretFile } from "@ostraka/host";
import { OstrakaError } from "@ostraka/proto";

/**
 * Reads certificate and key out of one file.
 * @throws OstrakaError OSTRAKA_KEY_INVALID when either is missing or others can read the file.
 */
export function readTlsFile(path: string): { readonly certificate: string; readonly key: string } {
  const text = readSecretFile(path);
  const certificate = blocks(text, "CERTIFICATE");
  const key = blocks(text, "PRIVATE KEY");
  if (certificate !== "" && key !== "") return { certificate, key };
  throw new OstrakaError(
    "OSTRAKA_KEY_INVALID",
    `${path} must hold a certificate and its private key, both as PEM: issue it again`,
  );
}

function blocks(text: string, label: string): string {
  const block = new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, "g");
  return (text.match(block) ?? []).map((found) => `${found}\n`).join("");
}
