import type { ReadingFault } from '../../model/reading.js';

/** What an I/O error proves, in our words. */
export interface Fault {
  readonly fault: ReadingFault;
  /** Half a sentence that follows "GET URL": says what happened, holds no secret. */
  readonly why: string;
}

/** Error codes of Node, libuv, OpenSSL and undici. First match wins; the order matters where one pattern covers another. */
const FAULTS: readonly (readonly [code: RegExp, fault: ReadingFault, why: string])[] = [
  [/^ECONNREFUSED$/, 'refused', 'connection refused: the host is up and nothing listens there'],
  [/^(ENOTFOUND|EAI_\w+)$/, 'unresolved', 'the host name does not resolve'],
  [
    /^(UND_ERR_SOCKET|ECONNRESET|EPIPE|UND_ERR_CLOSED|UND_ERR_DESTROYED)$/,
    'closed',
    'the connection was closed without a complete answer',
  ],
  [/^(UND_ERR_\w+_TIMEOUT|ETIMEDOUT|ESOCKETTIMEDOUT)$/, 'timeout', 'no answer in time'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENOENT)$/, 'unreachable', 'there is no way to it'],
  [/^(EACCES|EPERM)$/, 'denied', 'permission denied'],
  [
    /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_\w*(CERT|ALERT))/,
    'denied',
    'TLS: the two ends do not trust each other',
  ],
  [
    /^(HPE|EPROTO$|ERR_SSL_|UND_ERR_RES_EXCEEDED_MAX_SIZE|UND_ERR_RES)/,
    'bad-reply',
    'the answer is not HTTP as we speak it',
  ],
];

const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return '';
  if ('name' in error && error.name === 'TimeoutError') return 'ETIMEDOUT';
  // undici 7.30 gives its parser's error no code.
  if ('name' in error && error.name === 'HTTPParserError') return 'HPE';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
};

/** Sorts an error of a connection, request or body. What we do not know is `unreachable`, with the error's own words. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error);
  for (const [pattern, fault, why] of FAULTS) {
    if (pattern.test(code)) return { fault, why: code === 'ETIMEDOUT' ? why : `${why} (${code})` };
  }
  return { fault: 'unreachable', why: error instanceof Error ? error.message : String(error) };
}
