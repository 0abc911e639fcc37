// Sockets of the stand-ins: a free loopback port, and a server that accepts and never answers.
import { createServer } from 'node:net';

/** Listens on a free port, or on a path; returns the port. */
export function listening(server, path) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const told = () => resolve(server.address().port ?? path);
    if (path === undefined) server.listen(0, '127.0.0.1', told);
    else server.listen(path, told);
  });
}

/** Takes every connection and says nothing: a process that was frozen behind its socket. */
export function mute() {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
  });
}
