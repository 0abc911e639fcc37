/**
 * A row of the ledger that this version cannot read: another version wrote it, with an action, a phase or a shape that is unknown here. It is
 * kept word for word, so that the version that knows it finds it again.
 */
export interface ForeignRow {
  readonly list:
    | 'remediations'
    | 'approvals'
    | 'drains'
    | 'procedures'
    | 'evacuations'
    | 'fences'
    | 'pauses'
    | 'switches'
    | 'leaderChanges'
    | 'pages'
    | 'incidents'
    | 'reports'
    | 'checks'
    | 'flaps'
    | 'breaker'
    | 'clusterPause'
    | 'stormUntilMs';
  readonly id: string;
  /** What it says that it is, for people; `unknown` where it does not say. */
  readonly action: string;
  readonly target: string;
  /** Not known to have ended: somebody's work under way that we can neither judge nor go on with. */
  readonly inFlight: boolean;
  /** Milliseconds since the epoch; null where it does not say. */
  readonly createdAtMs: number | null;
  readonly row: Readonly<Record<string, unknown>>;
  /** As it stood there, where that is no object. */
  readonly raw?: unknown;
  /** The part itself is of a wrong shape, not a row in it. */
  readonly whole?: boolean;
}

/** A person's word for "whatever that was, it is over": `ekimi resume --subject foreign-work`. */
export const FOREIGN_WORK = 'foreign-work';

/** Of neither list of work: what it holds back is told apart. */
export const isOfPart = ({ list }: ForeignRow): boolean => list !== 'remediations' && list !== 'approvals';

export const foreignInFlight = (ledger: { readonly foreign?: readonly ForeignRow[] }): readonly ForeignRow[] =>
  (ledger.foreign ?? []).filter((row) => row.inFlight);
