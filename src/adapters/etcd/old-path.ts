import type { Answer, Endpoints, Limit } from './endpoints.js';
import type { KeyValue } from './keys.js';
import { identifierIn } from './our-path.js';
import { parseSwitches, range } from './switches.js';

/** What an older version left where clusters of every namespace met. */
export interface Left {
  /** Holds tenure there, and nothing says that it is of another cluster: whoever acted beside it could act against it. */
  readonly holder: string | null;
  /** The ledger there, with the kill switches, if it is of this very cluster. */
  readonly ledger: string | null;
  /** A ledger is there that does not say of which cluster. */
  readonly isUnclear: boolean;
}

const NOTHING: Left = { holder: null, ledger: null, isUnclear: false };

/** Reads, in one transaction, what lies at the old path; null path: nothing can. `initialize`: Patroni's key with the system identifier. */
export async function readOldPath(
  endpoints: Endpoints,
  paths: { readonly old: string | null; readonly initialize: string },
  limit: Limit,
): Promise<Answer<Left>> {
  const { old, initialize } = paths;
  if (old === null) return { ok: true, value: NOTHING, endpoint: '' };
  const one = (key: string) => ({ request_range: { key: Buffer.from(key) } });
  const success = [
    one(`${old}tenure`),
    one(`${old}ledger`),
    one(initialize),
    { request_range: range(`${old}switches/`) },
  ];
  const read = await endpoints.ask((client, by) => client.kv.txn({ compare: [], success }, by), limit);
  if (!read.ok) return read;
  const rows = read.value.responses.map(({ response_range: { kvs } }): readonly KeyValue[] => kvs);
  const text = (index: number): string | null => rows[index]?.[0]?.value.toString('utf8') ?? null;
  const [tenure, ledger, ours] = [text(0), text(1), text(2)];
  const theirs = ledger === null ? null : identifierIn(ledger);
  const value: Left = {
    holder: theirs !== null && theirs !== ours ? null : tenure,
    ledger: ledger !== null && theirs !== null && theirs === ours ? withSwitches(ledger, old, rows[3] ?? []) : null,
    isUnclear: ledger !== null && theirs === null,
  };
  return { ok: true, value, endpoint: read.endpoint };
}

/** Kill switches go over with the ledger: what a person switched off stays off. */
function withSwitches(ledger: string, old: string, rows: readonly KeyValue[]): string {
  const document = JSON.parse(ledger) as { readonly switches?: readonly unknown[] };
  const switches = parseSwitches(`${old}switches/`, rows);
  return JSON.stringify({ ...document, switches: [...(document.switches ?? []), ...switches] });
}
