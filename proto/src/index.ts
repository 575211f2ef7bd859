// The public door of @ostraka/proto: the contract every other package shares.

export {
  type AddressBlock,
  type AddressBytes,
  canonicalAddress,
  formatAddress,
  isInBlock,
  parseAddress,
  parseAddressBlock,
} from "./address.ts";
export {
  addressSubject,
  parseSubject,
  SUBJECT_KINDS,
  SUBJECT_TEXT_MAX,
  type SubjectKind,
  type SubjectText,
  subjectKind,
  userSubject,
} from "./subject.ts";
