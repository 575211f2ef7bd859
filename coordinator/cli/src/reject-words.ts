// What each reason for a refusal means to the person who asked, and what to do about it. Complete:
// a new code without words does not compile.

import { REJECT_CODES, type RejectCode } from "@ostraka/proto";

const WORDS: Readonly<Record<RejectCode, string>> = {
  malformed: "its bytes are not what they should be: update this program or send it again",
  "too-large": "it is too large, or too many of its kind are open: shorten it or wait",
  "unsupported-format": "it is of a format or machine version that this program does not know",
  "wrong-mesh": "it belongs to another mesh: check --data",
  "wrong-type": "it is of another kind than what is expected there",
  "no-signature": "nobody has signed it",
  "too-many-signatures": "too many keys have signed it",
  "unknown-key": "a key that signed it has no such role in this mesh: sign as somebody who has",
  "bad-signature": "a signature on it does not hold: somebody changed it on the way",
  duplicate: "it has been entered already, or something in it stands twice",
  expired: "its time is over: check this machine's clock, then sign a new one",
  "not-after-too-far": "it is good for more than a day ahead: check this machine's clock",
  "commitment-mismatch": "its private part does not open what was signed",
  "no-genesis": "the mesh has not entered its genesis yet: wait a second and send it again",
  "not-a-member": "the host that it speaks of is no member",
  "number-gap": "signals before it are missing",
  "number-repeated": "it has been taken before",
  cloned: "an older start of that host speaks after a newer one",
  "bad-root": "the signal is not in the batch that was signed",
  "wrong-epoch": "another policy has become active since: propose again",
  "not-a-witness": "that host enforces but does not count as a witness",
  "below-line": "its evidence is under the policy's line",
  exempt: "the policy exempts that subject: nothing is enforced against it",
  pardoned: "it reaches back before a pardon",
  spent: "a signal in it has been used by an earlier revocation",
  "clock-off": "its time lies too far ahead: check this machine's clock",
  "unknown-proposal": "no open proposal has that id: it may have lapsed, or the id is mistyped",
  "self-approval": "whoever proposes cannot approve: ask somebody else",
  "already-approved": "this person has approved it already: ask another one",
  "already-decided": "enough people have approved it already: it is in force",
  "stage-not-allowed": "the policy allows no such stage for that kind of subject",
  "ttl-too-long": "the policy allows no such long time: ask for less with --ttl",
  "scope-not-allowed": "its scope names a host that is no member, or is out of order",
  "threshold-short": "too few holders have signed it",
  "roster-not-next": "it does not follow the roster in force",
  "unknown-grant": "the mesh has not entered its grant: send that first",
  "grant-used-up": "its grant has been used already: make a new one",
  "key-in-other-use": "a key in it has another use already: make new keys",
  "key-not-strict": "a key in it is not a proper Ed25519 key",
  "name-taken": "a member has that name already: choose another one",
  "unknown-fault-domain": "the roster lists no such fault domain",
  "epoch-not-next": "it is not the next epoch: that policy is published or active already",
  "unknown-epoch": "it names a policy that is not active or not published",
  "policy-invalid": "the policy document does not hold",
  "warrant-short": "its warrant does not satisfy the rule that it names",
  "body-differs": "it is not what follows from the entries before it",
  "not-sealed": "too few coordinators have sealed it",
  "wrong-index": "it does not stand where it says",
  "wrong-root": "it does not follow the entries before it, or some are missing",
  "wrong-digest": "what it says is in force is not what the entries say",
  "import-gap": "control entries are missing",
  equivocation: "a coordinator has signed two heads of one position",
  "stale-tick": "its time or position goes back",
};

/** The meaning of a code that may come from the network. */
export function rejectWords(code: string): string {
  const isKnown = (REJECT_CODES as readonly string[]).includes(code);
  return isKnown ? WORDS[code as RejectCode] : "the coordinator gives no reason that is known";
}
