import { isOfPart, type ForeignRow } from '../model/foreign.js';

/** Parts of the ledger that cannot be read, each told once. */
export const unreadableParts = (ledger: { readonly foreign?: readonly ForeignRow[] }): readonly string[] => [
  ...new Set((ledger.foreign ?? []).filter(isOfPart).map(foreignText)),
];

/** One clause: whose work it is and what it does. */
export const foreignText = (row: ForeignRow): string =>
  isOfPart(row)
    ? `what the ledger in etcd keeps under ${row.list} cannot be read${row.target === 'unknown' ? '' : ` (of ${row.target})`}`
    : `${row.action} ${row.target} is in flight, begun by another version of Ekimi and unknown to this one`;
