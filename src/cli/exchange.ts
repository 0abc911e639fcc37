import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions as SecureOptions } from 'node:https';

// Not by name: from Node 22 on a module that imports from node:http gets all of it, Node's own undici included.
const { request } = process.getBuiltinModule('node:http');

/** Whom to believe at an https address, in place of the authorities of this machine. PEM. */
export interface Trust {
  readonly ca?: string;
  /** `ca` is the very certificate of the daemon, from its own configuration: what name it bears does not matter. */
  readonly isPinned?: boolean;
  /** Our certificate and its key, where the daemon asks for one. */
  readonly own?: string;
}

interface Question {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly trust?: Trust;
}

interface Answered {
  readonly status: number;
  readonly text: string;
  /** The daemon's own time (`x-ekimi-time`), milliseconds since 1970; null: whoever answered does not say. */
  readonly time: string | null;
}

type Ask = (url: URL, options: SecureOptions) => ClientRequest;

const secureOf = ({ ca, isPinned = false, own }: Trust): SecureOptions => ({
  ...(ca === undefined ? {} : { ca }),
  ...(isPinned ? { allowPartialTrustChain: true, checkServerIdentity: () => undefined } : {}),
  ...(own === undefined ? {} : { cert: own, key: own }),
});

/**
 * One question over HTTP, and the whole answer. Rejects if there is none: refused, cut off, `signal`, a redirect, since a token is for one
 * address. By node:http, because the first `fetch` of a process compiles a parser of its own, which is half the processor time of `ekimi status`.
 */
export async function exchange(address: string, { body, trust = {}, ...options }: Question): Promise<Answered> {
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') throw new Error('the address includes credentials');
  const ask: Ask = url.protocol === 'https:' ? (await import('node:https')).request : request;
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(url, url.protocol === 'https:' ? { ...options, ...secureOf(trust) } : options)
      .once('response', resolve)
      .on('error', reject)
      .end(body);
  });
  const { statusCode: status = 0, headers } = message;
  if (status >= 300 && status < 400) {
    message.destroy();
    throw new Error('unexpected redirect');
  }
  let text = '';
  for await (const part of message.setEncoding('utf8')) text += String(part);
  const time = headers['x-ekimi-time'];
  return { status, text, time: typeof time === 'string' ? time : null };
}
