import type { ReadingFault } from '../../model/reading.js';

/** What a failed connection or statement proves, in our words. */
export interface Fault {
  readonly fault: ReadingFault;
  /** Half a sentence that follows the member's name. Holds no secret. */
  readonly why: string;
}

/**
 * SQLSTATEs, Node's error codes and pg's own messages. First match wins. A server that says anything at all is alive, whatever it says, so
 * its refusals are `denied`, `too-many-clients`, `starting-up`, `certificate` or `bad-reply`, which nobody takes for silence; `timeout` is kept for no word at all.
 */
const FAULTS: readonly (readonly [sign: RegExp, fault: ReadingFault, why: string])[] = [
  [/^28/, 'denied', 'refuses our login: check postgres.user, its password and pg_hba.conf'],
  [
    /^42501$/,
    'denied',
    'refuses the statement: grant pg_monitor; pg_signal_backend for cancelling queries; pg_checkpoint for a checkpoint; EXECUTE on pg_wal_replay_resume() for resuming replay; REPLICATION for dropping a slot',
  ],
  [/^3D000$/, 'denied', 'has no database of that name: check postgres.database'],
  [
    /^53300$/,
    'too-many-clients',
    'has no connection left for us (53300): max_connections, or a limit of our role or database',
  ],
  [/^57P03$/, 'starting-up', 'accepts no connections now (57P03): it starts, recovers or stops'],
  [/^57014$/, 'bad-reply', 'answers, but cancelled our statement after its time'],
  [/^57P0[12]$/, 'closed', 'is shutting down'],
  [/^[0-9A-Z]{5}$/, 'bad-reply', 'answers with an error'],
  [/ECONNREFUSED/, 'refused', 'connection refused: the host is up and nothing listens there'],
  [/ENOTFOUND|EAI_\w+/, 'unresolved', 'the host name does not resolve'],
  [/EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN/, 'unreachable', 'there is no way to it'],
  [/ETIMEDOUT|timeout/i, 'timeout', 'no answer in time'],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|does not support SSL|SSL/,
    'certificate',
    'TLS: the two ends do not trust each other',
  ],
  [/password must be a string|SASL|password/i, 'denied', 'wants a password: check postgres.passwordEnv'],
  [/ECONNRESET|EPIPE|terminated|closed|not queryable|ended/i, 'closed', 'the connection was closed without an answer'],
];

/** Connection codes of Node have five capital letters and more; SQLSTATEs have exactly five characters. */
const signOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('code' in error && typeof error.code === 'string' && error.code !== '')
    return error.code === 'EPIPE' ? 'EPIPE closed' : error.code;
  return error instanceof Error ? error.message : 'no message';
};

export function faultOf(error: unknown): Fault {
  const sign = signOf(error);
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 200);
  for (const [pattern, fault, why] of FAULTS) {
    if (pattern.test(sign))
      return { fault, why: fault === 'bad-reply' || /^28|^57P/.test(sign) ? `${why}: ${text}` : why };
  }
  return { fault: 'unreachable', why: text };
}
