// One request to a web server as rules see it (`web.access`), whichever log it stood in, and
// whether its path is one that only a search for weak spots asks for. Owns both; a rule is needed
// to hold a request against anybody. Must never decode more than once what it compares with a list.

/** The members that the rules of `rules/web` name. */
export interface WebRequest {
  /** The client's address as the log has it. */
  readonly ip: string;
  readonly method: string;
  /** The target as the client sent it. */
  readonly uri: string;
  readonly path: string;
  readonly query: string;
  /** The target with its escapes undone, twice where they were escaped themselves. */
  readonly decoded: string;
  readonly status: number;
  readonly agent: string;
  readonly referer: string;
}

interface Said {
  readonly ip: string | undefined;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly agent?: string | undefined;
  readonly referer?: string | undefined;
}

const URI_CHARS_MAX = 4_096;
const ESCAPE = /%([0-7][0-9a-f])/gi;

/** @param said as the log has it; members that it lacks are empty. */
export function webRequest(said: Said): Readonly<Record<string, unknown>> {
  const uri = said.target.slice(0, URI_CHARS_MAX);
  const at = uri.indexOf("?");
  const request: WebRequest = {
    ip: said.ip ?? "",
    method: said.method,
    uri,
    path: at < 0 ? uri : uri.slice(0, at),
    query: at < 0 ? "" : uri.slice(at + 1),
    decoded: unescapedTwice(uri),
    status: said.status,
    agent: (said.agent ?? "").slice(0, URI_CHARS_MAX),
    referer: (said.referer ?? "").slice(0, URI_CHARS_MAX),
  };
  return { ...request };
}

function unescapedTwice(uri: string): string {
  return uri.includes("%") ? unescaped(unescaped(uri)) : uri;
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (_escape, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

// Well-known addresses of administration, of secrets and of holes. Most sites have one of the first
// kind, so that a path counts only where the server has nothing there.
const PROBED = new RegExp(
  "(?:^|/)(?:" +
    "\\.(?:env|git|svn|hg|aws|ssh|ds_store|htpasswd|htaccess|vscode|docker)(?:[./]|$)|" +
    "(?:php-?my-?admin|pma|my-?admin|mysql-?admin|db-?admin|sql-?admin|phppgadmin|sqlweb|" +
    "websql|mysqlmanager|pma\\d{2,4})[\\w.-]{0,24}(?:/|$)|adminer[\\w.-]{0,24}\\.php$|" +
    "w00tw00t|cgi-bin/|scripts/setup\\.php$|wp-(?:login|config|admin)|xmlrpc\\.php$|" +
    "(?:roundcube|webmail|horde|squirrelmail|zpanel|typo3|cpanel|whm|manager/html|jmx-console)" +
    "(?:/|$)|eval-stdin\\.php$|boaform|hnap1|actuator(?:/|$)|solr/admin|_ignition/|" +
    "owa/auth|autodiscover|ecp/|dana-na|remote/fgt_lang|vpns?/|tmui/|server-status$|" +
    "(?:c99|r57|wso|alfa|shell|cmd|up|info|phpinfo)\\.php$|~root(?:/|$)" +
    ")",
  "i",
);
/** A page of ours told to load one of theirs (CWE-98). */
const REMOTE_FILE = /=(?:https?|ftps?):\/\/[^&]{1,256}\?/i;

/** Whether the request is one of a search for weak spots: nothing was there, or it is a trick. */
export function isProbe(target: string, status: number): boolean {
  if (REMOTE_FILE.test(target)) return true;
  return (status === 404 || status === 410) && isProbedPath(target);
}

/** @param path of a URL, or a file's that a server looked for */
export function isProbedPath(path: string): boolean {
  const end = path.search(/[?#]/);
  return PROBED.test(end < 0 ? path : path.slice(0, end));
}
