/**
 * A row of the ledger that this version cannot read: another version wrote it, with an action, a phase or a shape that is unknown here. It is
 * kept word for word, so that the version that knows it finds it again.
 */
export interface ForeignRow {
  readonly list:
    | 'remediations'
    | 'approvals'
    | 'drains'
    | 'fences'
    | 'switches'
    | 'leaderChanges'
    | 'pages'
    | 'flaps'
    | 'breaker'
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

const isOfPart = ({ list }: ForeignRow): boolean => list !== 'remediations' && list !== 'approvals';

/** Parts of the ledger that cannot be read, each told once. */
export const unreadableParts = (ledger: { readonly foreign?: readonly ForeignRow[] }): readonly string[] => [
  ...new Set((ledger.foreign ?? []).filter(isOfPart).map(foreignText)),
];

/** One clause: whose work it is and what it does. */
export const foreignText = (row: ForeignRow): string =>
  isOfPart(row)
    ? `what the ledger in etcd keeps under ${row.list} cannot be read${row.target === 'unknown' ? '' : ` (of ${row.target})`}`
    : `${row.action} ${row.target} is in flight, begun by another version of Ekimi and unknown to this one`;

export const foreignInFlight = (ledger: { readonly foreign?: readonly ForeignRow[] }): readonly ForeignRow[] =>
  (ledger.foreign ?? []).filter((row) => row.inFlight);
