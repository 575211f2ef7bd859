// Loads one HTTP server for a while over a bounded number of kept-alive connections, one request
// in flight on each, and prints how many good answers came a second.

import { connect, type Socket } from "node:net";

const CONNECTIONS = 32;
/** As nginx asks the gate: a client address, a user, what is accessed. */
const REQUEST = [
  "GET /auth HTTP/1.1",
  "Host: 127.0.0.1",
  "X-Forwarded-For: 198.51.100.77",
  "X-Remote-User: alice",
  "X-Forwarded-Uri: /orders/17?full=1",
  "X-Forwarded-Method: GET",
  "",
  "",
].join("\r\n");

const [port = "", forMs = ""] = process.argv.slice(2);
let answers = 0;
let isOver = false;

const startMs = performance.now();
setTimeout(() => {
  isOver = true;
}, Number(forMs));
await Promise.all(Array.from({ length: CONNECTIONS }, () => load()));
process.stdout.write(`${(answers / (performance.now() - startMs)) * 1000}\n`);

function load(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
    let said = "";
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(REQUEST));
    socket.on("error", reject);
    socket.on("data", (part: string) => {
      said += part;
      if (!isWhole(said)) return;
      if (!/^HTTP\/1\.1 20[04] /.test(said)) {
        reject(new Error(`no good answer: ${said.slice(0, 200)}`));
        return;
      }
      said = "";
      answers++;
      goOn(socket, resolve);
    });
  });
}

function goOn(socket: Socket, resolve: () => void): void {
  if (!isOver) {
    socket.write(REQUEST);
    return;
  }
  socket.destroy();
  resolve();
}

/** True when an answer has its head and as much body as that announces. */
function isWhole(said: string): boolean {
  const end = said.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(said)?.[1] ?? "0";
  return said.length >= end + 4 + Number(length);
}
