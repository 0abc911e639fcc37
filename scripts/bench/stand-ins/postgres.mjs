// PostgreSQL's wire protocol 3.0 as far as a client with named statements needs it.
import { createServer } from 'node:net';

const SSL_REQUEST = 80877103;

const message = (kind, ...parts) => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(kind, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const int16 = (value) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value) => Buffer.from(`${value}\0`);
const READY = message('Z', Buffer.from('I'));
const HELLO = Buffer.concat([
  message('R', int32(0)),
  ...Object.entries({ server_version: '15.18', client_encoding: 'UTF8', DateStyle: 'ISO, MDY' }).map(([name, value]) =>
    message('S', text(name), text(value)),
  ),
  message('K', int32(1), int32(1)),
  READY,
]);

const describe = ({ columns }) => {
  const fields = columns.map(([name, type]) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]),
  );
  return message('T', int16(columns.length), ...fields);
};
const row = ({ row: values }) => {
  const fields = values.map((value) => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]));
  return message('D', int16(values.length), ...fields);
};

/** `answerOf(NAME)`: columns and the one row of the statement of that name. */
export function postgresServer(answerOf) {
  return createServer((socket) => {
    let bytes = Buffer.alloc(0);
    let isOpen = false;
    let current = '';
    const replies = {
      Q: () => Buffer.concat([message('C', text('SET')), READY]),
      P: () => message('1'),
      B: (body) => {
        const portalEnd = body.indexOf(0);
        current = body.toString('utf8', portalEnd + 1, body.indexOf(0, portalEnd + 1));
        return message('2');
      },
      D: () => describe(answerOf(current)),
      E: () => Buffer.concat([row(answerOf(current)), message('C', text('SELECT 1'))]),
      C: () => message('3'),
      S: () => READY,
      H: () => Buffer.alloc(0),
    };
    const startup = () => {
      if (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) return false;
      const isSsl = bytes.readInt32BE(4) === SSL_REQUEST;
      bytes = bytes.subarray(bytes.readInt32BE(0));
      socket.write(isSsl ? 'N' : HELLO);
      isOpen = !isSsl;
      return true;
    };
    const one = () => {
      if (!isOpen) return startup();
      if (bytes.length < 5 || bytes.length < bytes.readInt32BE(1) + 1) return false;
      const kind = String.fromCharCode(bytes[0]);
      const end = bytes.readInt32BE(1) + 1;
      const reply = replies[kind]?.(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
      if (reply === undefined) socket.end();
      else if (reply.length > 0) out.push(reply);
      return reply !== undefined;
    };
    const out = [];
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (one());
      if (out.length > 0) socket.write(Buffer.concat(out.splice(0)));
    });
  });
}
