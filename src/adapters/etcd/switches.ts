import type { KillSwitch } from '../../model/ledger.js';
import type { SwitchWrite } from '../../ports/dcs.js';
import type { Answer, Call, Endpoints } from './endpoints.js';
import type { KeyValue } from './keys.js';

/** A switch with an end leaves etcd by itself, this long after it: the reader's clock decides when it is over, never the lease. */
const LEASE_SLACK_S = 300;

/** The end of a range over all keys that start with `prefix`; our prefixes end with a slash, so its last byte can always grow. */
const afterPrefix = (prefix: Buffer): Buffer => {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return end;
};

export const range = (prefix: string) => {
  const key = Buffer.from(prefix);
  return { key, range_end: afterPrefix(key) };
};

interface BothPrefixes {
  readonly patroni: readonly KeyValue[];
  /** null: etcd does not let us read them. */
  readonly switches: readonly KeyValue[] | null;
  readonly revision: string;
}

/**
 * Patroni's keys and our kill switches in one linearizable transaction: a switch costs no round trip of its own. Where etcd denies our own
 * prefix (a user for Patroni's alone, in dry-run) Patroni's keys are read without it.
 */
export async function readBoth(endpoints: Endpoints, patroni: string, switches: string): Promise<Answer<BothPrefixes>> {
  const together: Call<BothPrefixes> = async (client, by) => {
    const success = [{ request_range: range(patroni) }, { request_range: range(switches) }];
    const { responses, header } = await client.kv.txn({ compare: [], success }, by);
    const rows = (index: number): readonly KeyValue[] => responses[index]?.response_range.kvs ?? [];
    return { patroni: rows(0), switches: rows(1), revision: header.revision };
  };
  const both = await endpoints.ask(together);
  if (both.ok || both.fault !== 'denied') return both;
  return endpoints.ask(async (client, by) => {
    const { kvs, header } = await client.kv.range(range(patroni), by);
    return { patroni: kvs, switches: null, revision: header.revision };
  });
}

/** What lies under `/ekimi/SCOPE/switches/`. A value that cannot be read is a switch of the whole cluster: somebody wanted something off. */
export const parseSwitches = (prefix: string, rows: readonly KeyValue[]): readonly KillSwitch[] =>
  rows.map((row) => switchOf(row.key.toString('utf8').slice(prefix.length), row.value.toString('utf8')));

function switchOf(id: string, text: string): KillSwitch {
  try {
    const { subject, owner, reason, sinceMs, expiresAtMs } = JSON.parse(text) as Partial<KillSwitch>;
    const known = [subject, owner, reason].every((field) => typeof field === 'string') && typeof sinceMs === 'number';
    if (known && (expiresAtMs === null || typeof expiresAtMs === 'number'))
      return { id, subject, owner, reason, sinceMs, expiresAtMs } as KillSwitch;
  } catch {
    // As below.
  }
  const reason = `switch ${id} in etcd cannot be read`;
  return { id, subject: 'cluster', owner: 'unknown', reason, sinceMs: 0, expiresAtMs: null };
}

/** Kill switches in etcd: whoever may write under our prefix may throw one, with tenure or without, since it only ever restricts. */
export class SwitchKeys {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly prefix: string,
  ) {}

  /** `nowMs` by the wall clock. Safe to repeat: the id is the key. */
  async put(id: string, killSwitch: KillSwitch, nowMs: number): Promise<SwitchWrite> {
    const limit = this.endpoints.limit();
    const { subject, owner, reason, sinceMs, expiresAtMs } = killSwitch;
    const value = Buffer.from(JSON.stringify({ subject, owner, reason, sinceMs, expiresAtMs }));
    const lease = expiresAtMs === null ? null : await this.lease(expiresAtMs - nowMs, limit);
    if (lease?.ok === false) return writeOf(lease);
    const attached = lease === null ? {} : { lease: lease.value };
    const key = Buffer.from(`${this.prefix}${id}`);
    return writeOf(await this.endpoints.ask((client, by) => client.kv.put({ key, value, ...attached }, by), limit));
  }

  private lease(leftMs: number, limit: ReturnType<Endpoints['limit']>): Promise<Answer<string>> {
    const ttl = Math.ceil(Math.max(0, leftMs) / 1000) + LEASE_SLACK_S;
    return this.endpoints.ask(async (client, by) => (await client.leaseClient.leaseGrant({ TTL: ttl }, by)).ID, limit);
  }

  async remove(ids: readonly string[]): Promise<SwitchWrite> {
    const success = ids.map((id) => ({ request_delete_range: { key: Buffer.from(`${this.prefix}${id}`) } }));
    return writeOf(await this.endpoints.ask((client, by) => client.kv.txn({ compare: [], success }, by)));
  }
}

const writeOf = (answer: Answer<unknown>): SwitchWrite =>
  answer.ok ? { written: true } : { written: false, why: answer.why };
