/** Longest head of an answer, and longest of the lines around a chunk: as Node's own client has it. */
const MAX_HEAD_BYTES = 16 * 1024;

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;|$)/;
const NOTHING = Buffer.alloc(0);

export class NotHttp extends Error {
  override readonly name = 'HTTPParserError';
}

export interface Head {
  readonly status: number;
  /** By their names in small letters; one that stands there several times with its values joined. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What ends the body: so many bytes, its last chunk, or the end of the connection. */
type Framing = { readonly kind: 'length'; left: number } | { readonly kind: 'chunks' } | { readonly kind: 'close' };

/** Where in a chunked body: before a size, in so many bytes of data, at the line end behind them, in the lines behind the last one. */
type Chunking = { at: 'size' | 'data' | 'data-end' | 'trailer'; left: number };

/**
 * One answer of HTTP/1.0 or 1.1 out of the bytes of a connection that carries nothing else. Strict: what two readers could take for two answers
 * (both a length and chunks, two lengths, a folded header) is none. Throws `NotHttp`.
 */
export class AnswerReader {
  private framing: Framing | null = null;
  private readonly chunking: Chunking = { at: 'size', left: 0 };
  /** Bytes that are no whole line or head yet. */
  private rest: Buffer = NOTHING;
  /** All of the answer has come. */
  isWhole = false;

  constructor(private readonly on: { readonly head: (head: Head) => void; readonly body: (piece: Buffer) => void }) {}

  take(bytes: Buffer): void {
    if (this.isWhole) return;
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    this.rest = NOTHING;
    if (this.framing === null) this.takeHead(all);
    else this.takeBody(all, this.framing);
  }

  /** The other end has closed. Returns whether the answer is whole. */
  end(): boolean {
    this.isWhole ||= this.framing?.kind === 'close';
    return this.isWhole;
  }

  private takeHead(bytes: Buffer): void {
    const start = bytes.toString('latin1', 0, 7);
    if (!'HTTP/1.'.startsWith(start)) throw new NotHttp('it does not begin as HTTP/1 does');
    const end = bytes.indexOf(HEAD_END);
    if (end > MAX_HEAD_BYTES || (end === -1 && bytes.length > MAX_HEAD_BYTES))
      throw new NotHttp('its head is too long');
    if (end === -1) {
      this.rest = bytes;
      return;
    }
    const head = headOf(bytes.toString('latin1', 0, end));
    const body = bytes.subarray(end + HEAD_END.length);
    // An interim answer: the one that counts follows. We never ask for another protocol.
    if (head.status < 200) {
      if (body.length > 0) this.takeHead(body);
      return;
    }
    const framing = framingOf(head);
    this.framing = framing;
    this.on.head(head);
    if (framing.kind === 'length' && framing.left === 0) this.isWhole = true;
    else if (body.length > 0) this.takeBody(body, framing);
  }

  private takeBody(bytes: Buffer, framing: Framing): void {
    if (framing.kind === 'close') {
      this.on.body(bytes);
      return;
    }
    if (framing.kind === 'chunks') {
      this.takeChunks(bytes);
      return;
    }
    const piece = bytes.length > framing.left ? bytes.subarray(0, framing.left) : bytes;
    framing.left -= piece.length;
    if (framing.left === 0) this.isWhole = true;
    this.on.body(piece);
  }

  private takeChunks(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.isWhole) {
      if (this.chunking.at === 'data') {
        const piece = bytes.subarray(at, at + this.chunking.left);
        at += piece.length;
        this.chunking.left -= piece.length;
        if (this.chunking.left === 0) this.chunking.at = 'data-end';
        this.on.body(piece);
        continue;
      }
      const end = bytes.indexOf(LINE_END, at);
      if (end === -1) {
        if (bytes.length - at > MAX_HEAD_BYTES) throw new NotHttp('a line of its chunks is too long');
        this.rest = bytes.subarray(at);
        return;
      }
      this.takeLine(bytes.toString('latin1', at, end));
      at = end + LINE_END.length;
    }
  }

  private takeLine(line: string): void {
    const { chunking } = this;
    if (chunking.at === 'trailer') {
      this.isWhole = line === '';
    } else if (chunking.at === 'data-end') {
      if (line !== '') throw new NotHttp('a chunk is longer than it says');
      chunking.at = 'size';
    } else {
      const size = CHUNK_SIZE.exec(line)?.[1];
      if (size === undefined) throw new NotHttp('a chunk does not say its size');
      chunking.left = Number.parseInt(size, 16);
      chunking.at = chunking.left === 0 ? 'trailer' : 'data';
    }
  }
}

function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw new NotHttp('it has no status line');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!FIELD_NAME.test(name)) throw new NotHttp('a line of its head is no header');
    const value = line.slice(colon + 1).trim();
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (before !== undefined && name === 'content-length' && before !== value) throw new NotHttp('it has two lengths');
    headers[name] = before === undefined || name === 'content-length' ? value : `${before}, ${value}`;
  }
  return { status: Number(status), headers };
}

function framingOf({ status, headers }: Head): Framing {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  if (length !== undefined && encoding !== undefined) throw new NotHttp('it has a length and chunks');
  if (status === 204 || status === 304) return { kind: 'length', left: 0 };
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') throw new NotHttp('its transfer encoding is not known');
    return { kind: 'chunks' };
  }
  if (length === undefined) return { kind: 'close' };
  if (!/^\d{1,15}$/.test(length)) throw new NotHttp('its length is no number');
  return { kind: 'length', left: Number(length) };
}
