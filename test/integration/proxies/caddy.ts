// Caddy with forward_auth, as an operator would configure it before an Ostraka gate on a site
// without logins: the client's own X-Remote-User is removed. (With logins, set it to
// {http.auth.user.id}; without, Caddy sends that placeholder as it stands: one user for everybody.)

import { freePort } from "./free-port.ts";
import { ProxyProcess } from "./proxy-process.ts";

/**
 * @param binary path of caddy; the two ports are those of the gate and of the protected page.
 * @param outerProxy the one address whose X-Forwarded-For Caddy keeps and appends to.
 */
export async function startCaddy(
  binary: string,
  gatePort: number,
  pagePort: number,
  outerProxy: string,
): Promise<ProxyProcess> {
  const port = await freePort();
  return ProxyProcess.start({
    binary,
    port,
    configName: "Caddyfile",
    config: () => `
{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  forward_auth 127.0.0.1:${gatePort} {
    uri /auth
    trusted_proxies ${outerProxy}/32
    header_up -X-Remote-User
  }
  reverse_proxy 127.0.0.1:${pagePort}
}
`,
    args: (configFile) => ["run", "--config", configFile, "--adapter", "caddyfile"],
  });
}
