/**
 * One answer from one source. Not knowing is a value of its own: it is never "unhealthy" and never authorises anything.
 * `fresh` was read in this very pass; `stale` in an earlier one (slow-moving documents are read less often).
 */
export type Reading<T> =
  | { readonly kind: 'fresh'; readonly value: T; readonly atMs: number; readonly source: string }
  | {
      readonly kind: 'stale';
      readonly value: T;
      readonly atMs: number;
      readonly ageMs: number;
      readonly source: string;
    }
  | Unknown;

export interface Unknown {
  readonly kind: 'unknown';
  readonly fault: ReadingFault;
  /** One sentence for the operator: what was asked, what came back. Holds no secret. */
  readonly reason: string;
  readonly atMs: number;
  readonly source: string;
  /** Of an HTTP answer. */
  readonly status?: number;
}

/**
 * Why there is no answer. `refused` and `closed` prove that something answered the connection attempt (the host is up and nothing
 * listens, or the server hung up); `timeout` and `unresolved` prove nothing.
 */
export type ReadingFault =
  | 'not-configured'
  | 'timeout'
  | 'refused'
  | 'unresolved'
  | 'closed'
  | 'unreachable'
  | 'denied'
  /** PostgreSQL takes no more connections (53300): it lives. */
  | 'too-many-clients'
  /** PostgreSQL says that it takes none now (57P03): it starts, recovers or stops. */
  | 'starting-up'
  /** The two ends of TLS do not trust each other. */
  | 'certificate'
  | 'http-status'
  | 'bad-reply'
  | 'wrong-scope'
  | 'no-quorum'
  | 'not-read-yet';

export const fresh = <T>(value: T, atMs: number, source: string): Reading<T> => ({
  kind: 'fresh',
  value,
  atMs,
  source,
});

export const unknown = (fault: ReadingFault, reason: string, atMs: number, source: string): Unknown => ({
  kind: 'unknown',
  fault,
  reason,
  atMs,
  source,
});

/** Of what is not in the view at all. */
export const UNREAD: Unknown = unknown('not-read-yet', '', 0, '');

export const notConfigured = (source: string, atMs: number): Unknown =>
  unknown('not-configured', `${source} is not configured`, atMs, source);

/** The value if it was read in this pass, else null: the only form that may authorise an action. */
export const freshValue = <T>(reading: Reading<T>): T | null => (reading.kind === 'fresh' ? reading.value : null);

/** The value, fresh or stale, else null: good enough to explain, not to act. */
export const lastValue = <T>(reading: Reading<T>): T | null => (reading.kind === 'unknown' ? null : reading.value);

/** Twice the pause of the slowest source: what is older was asked for since, and no answer came. */
const RECENT_MS = 2 * 60_000;

/**
 * The value, unless it is older than anything that is read regularly: what a problem is assessed by whose source is slower than a pass. With
 * `freshValue` it would end between two readings; null means that nobody can tell, never that it is gone.
 */
export const recentValue = <T>(reading: Reading<T>): T | null =>
  reading.kind === 'unknown' || (reading.kind === 'stale' && reading.ageMs > RECENT_MS) ? null : reading.value;

/** The same reading in a later pass that did not ask again. */
export function aged<T>(reading: Reading<T>, nowMs: number): Reading<T> {
  if (reading.kind === 'unknown') return reading;
  return {
    kind: 'stale',
    value: reading.value,
    atMs: reading.atMs,
    ageMs: nowMs - reading.atMs,
    source: reading.source,
  };
}

/** True when the other end was proven not to answer although it was asked and could have: silence, not lack of a question. */
export const isSilent = (reading: Reading<unknown>): boolean =>
  reading.kind === 'unknown' && ['timeout', 'refused', 'unresolved', 'closed', 'unreachable'].includes(reading.fault);
