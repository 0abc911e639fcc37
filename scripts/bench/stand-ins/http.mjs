// A server of one answer a connection, as Python's BaseHTTPServer (Patroni) and HAProxy's statistics give it: no length, then it closes.
import { createServer } from 'node:net';

const bytesOf = ({ status = 200, type = 'application/json', body }) => {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const head = [
    `HTTP/1.0 ${status} ${status < 300 ? 'OK' : 'No'}`,
    'Server: BaseHTTP/0.6 Python/3.11.2',
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${type}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(text)]);
};

/** `answerOf(method, path)`: `{ status?, type?, body }`, or null for an answer that never ends. */
export function closingServer(answerOf) {
  return createServer((socket) => {
    let request = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1');
      const end = request.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/^content-length: *(\d+)/im.exec(request)?.[1] ?? 0);
      if (request.length < end + 4 + length) return;
      const [method, path] = request.split(' ', 2);
      const answer = answerOf(method, path);
      if (answer === null) socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n');
      else socket.end(bytesOf(answer));
      request = '';
    });
  });
}
