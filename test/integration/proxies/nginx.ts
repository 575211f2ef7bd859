// nginx with auth_request, as an operator would configure it before an Ostraka gate.
// Every header that the gate reads is SET here: nginx would pass on what the client wrote under it.

import { freePort } from "./free-port.ts";
import { ProxyProcess } from "./proxy-process.ts";

/** @param binary path of nginx; the two ports are those of the gate and of the protected page. */
export async function startNginx(
  binary: string,
  gatePort: number,
  pagePort: number,
): Promise<ProxyProcess> {
  const port = await freePort();
  return ProxyProcess.start({
    binary,
    port,
    configName: "nginx.conf",
    config: (folder) => configOf(folder, port, gatePort, pagePort),
    args: (configFile, folder) => ["-p", folder, "-c", configFile, "-e", "stderr"],
  });
}

function configOf(folder: string, port: number, gatePort: number, pagePort: number): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream gate { server 127.0.0.1:${gatePort}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /ostraka-gate;
      auth_request_set $ostraka_decision $upstream_http_x_ostraka_decision;
      auth_request_set $ostraka_revocation $upstream_http_x_ostraka_revocation;
      add_header X-Ostraka-Decision $ostraka_decision always;
      add_header X-Ostraka-Revocation $ostraka_revocation always;
      proxy_pass http://127.0.0.1:${pagePort};
    }
    location = /ostraka-gate {
      internal;
      proxy_pass http://gate/auth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Method $request_method;
      proxy_set_header X-Forwarded-Uri $request_uri;
      proxy_set_header X-Remote-User $remote_user;
    }
  }
}
`;
}
