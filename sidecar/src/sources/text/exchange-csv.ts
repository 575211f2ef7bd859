// Protocol logs of Exchange, comma-separated: SMTP receive, and IMAP and POP front ends. The
// client's end point has a column of its own; what the client said stands behind it, in quotes.

const SMTP = new RegExp(
  "^([0-9T:.-]{19,27}Z),[^,]{0,256},[0-9A-F]{8,20},\\d{1,9},[^,]{3,64}," +
    "(\\[[0-9a-fA-F:.]{2,45}\\]:\\d{1,5}|[0-9.]{7,15}:\\d{1,5}),[<>+*-],(.*)$",
  "s",
);
const IMAP_POP = new RegExp(
  "^([0-9T:.-]{19,27}Z),[0-9A-F]{8,20},\\d{1,9},[^,]{3,64}," +
    "(\\[[0-9a-fA-F:.]{2,45}\\]:\\d{1,5}|[0-9.]{7,15}:\\d{1,5})," +
    "([^,]{0,256}),\\d{0,12},\\d{0,12},\\d{0,12}," +
    "(\\w{0,32}),(.*)$",
  "s",
);

export interface ExchangeLine {
  readonly time: string;
  readonly ip: string;
  readonly user?: string;
  readonly isFailure: boolean;
}

/** Reads one line of either log; nothing when it is of neither. */
export function readExchange(line: string): ExchangeLine | undefined {
  const smtp = SMTP.exec(line);
  if (smtp !== null) {
    const [, time = "", ip = "", said = ""] = smtp;
    // The server's own words only: the direction `>`.
    const isFailure = said.startsWith("535 ") && line.includes(",>,535 ");
    return { time, ip, isFailure };
  }
  const other = IMAP_POP.exec(line);
  if (other === null) return undefined;
  const [, time = "", ip = "", user = "", command = "", rest = ""] = other;
  const isLogin = ["authenticate", "login", "pass", "auth"].includes(command);
  const isFailure = isLogin && /(?:AuthFailed|LogonDenied|LogonFailed)/.test(rest);
  return { time, ip, isFailure, ...(user !== "" && { user }) };
}
