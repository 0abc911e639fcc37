import { describe, expect, it } from 'vitest';
import { AnswerReader, NotHttp, type Head } from '../../../../src/adapters/patroni/answer.js';

/** What comes of these pieces, and of the end of the connection behind them. */
function read(...pieces: readonly Buffer[]) {
  let head: Head | null = null;
  const body: Buffer[] = [];
  const reader = new AnswerReader({ head: (of) => (head = of), body: (piece) => body.push(piece) });
  for (const piece of pieces) reader.take(piece);
  const needsEnd = !reader.isWhole;
  return { head: head as Head | null, body: Buffer.concat(body).toString('latin1'), whole: reader.end(), needsEnd };
}

const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'), 'latin1');

const cuts = (all: Buffer): readonly (readonly Buffer[])[] => [
  [all],
  ...Array.from({ length: all.length - 1 }, (_, at) => [all.subarray(0, at + 1), all.subarray(at + 1)]),
  Array.from(all, (_, at) => all.subarray(at, at + 1)),
];

const ANSWERS = [
  ['until the end of the connection', bytes('HTTP/1.0 200 OK', 'A: b', '', 'hello\r\n'), 200, 'hello\r\n', true],
  [
    'with a length, and what lies behind it',
    bytes('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'helloHTTP'),
    200,
    'hello',
    false,
  ],
  ['of length 0', bytes('HTTP/1.1 302 Found', 'content-length:0', '', ''), 302, '', false],
  [
    'with the same length twice',
    bytes('HTTP/1.1 200', 'Content-Length: 2', 'Content-Length: 2', '', 'ok'),
    200,
    'ok',
    false,
  ],
  ['without a body', bytes('HTTP/1.1 304 Not Modified', 'Connection: keep-alive', '', ''), 304, '', false],
  ['behind an interim one', bytes('HTTP/1.1 100 Continue', '', 'HTTP/1.1 204 No Content', '', ''), 204, '', false],
  [
    'in chunks, with an extension and a trailer',
    bytes(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: Chunked',
      '',
      '5;a=b',
      'hel\r\n',
      'A',
      '0123456789',
      '0',
      'X: y',
      '',
      '',
    ),
    200,
    'hel\r\n0123456789',
    false,
  ],
] as const;

describe('an answer of HTTP', () => {
  it.each(ANSWERS)('%s is the same however the bytes are cut', (_, all, status, body, needsEnd) => {
    for (const pieces of cuts(all)) {
      const got = read(...pieces);
      expect(got).toMatchObject({ body, whole: true, needsEnd });
      expect(got.head?.status).toBe(status);
    }
  });

  it('has its headers by small letters, several of a name joined', () => {
    const { head } = read(bytes('HTTP/1.1 200 OK', 'Location:  http://a/ ', 'X: 1', 'x: 2', '__proto__: y', '', ''));
    expect(head?.headers).toMatchObject({ location: 'http://a/', x: '1, 2' });
    expect(Object.getPrototypeOf(head?.headers)).toBe(Object.prototype);
  });

  it.each([
    ['nothing', bytes('')],
    ['half a head', bytes('HTTP/1.1 200 OK', 'Content-Le')],
    ['less than its length', bytes('HTTP/1.1 200 OK', 'Content-Length: 9', '', 'hello')],
    ['no last chunk', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '')],
    ['no end behind the last chunk', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '')],
    ['only an interim answer', bytes('HTTP/1.1 100 Continue', '', '')],
  ])('with %s is not whole', (_, all) => {
    for (const pieces of cuts(all)) expect(read(...pieces).whole).toBe(false);
  });

  const LONG = 'x'.repeat(17_000);
  it.each([
    ['other words', bytes('+OK POP3 ready', '')],
    ['HTTP/2', bytes('HTTP/2 200', '', '')],
    ['no status', bytes('HTTP/1.1 OK', '', '')],
    ['a status of four digits', bytes('HTTP/1.1 2000 OK', '', '')],
    ['a folded header', bytes('HTTP/1.1 200 OK', 'A: b', ' c', '', '')],
    ['a blank before the colon', bytes('HTTP/1.1 200 OK', 'Content-Length : 5', '', '')],
    ['a line without a colon', bytes('HTTP/1.1 200 OK', 'hello', '', '')],
    ['two lengths', bytes('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6', '', '')],
    ['a length that is none', bytes('HTTP/1.1 200 OK', 'Content-Length: -5', '', '')],
    ['a length and chunks', bytes('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '')],
    ['an encoding that we do not know', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', '', '')],
    ['a chunk without a size', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'hello', '')],
    ['a chunk that goes on', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'hello', '')],
    ['a head without end', bytes('HTTP/1.1 200 OK', `A: ${LONG}`)],
    ['a head that is too long', bytes('HTTP/1.1 200 OK', `A: ${LONG}`, '', '')],
    ['a chunk size without end', bytes('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', LONG)],
  ])('with %s is none', (_, all) => {
    expect(() => read(all)).toThrow(NotHttp);
  });
});
