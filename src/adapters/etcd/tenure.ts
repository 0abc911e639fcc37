import { CompareResult, CompareTarget, type Etcd3 } from 'etcd3';
import type { Clock } from '../../ports/clock.js';
import type { TenureAnswer, TenureGrant } from '../../ports/dcs.js';
import type { Answer, Endpoints, Limit } from './endpoints.js';
import type { KeyValue } from './keys.js';
import { readOldPath } from './old-path.js';

/**
 * Part of the TTL that we do not use: for clocks that run at different speeds and for what is still under way when the time is up.
 * With the usual 15 s, tenure is given up 3 s before anybody else can take it.
 */
const tenureMarginMs = (ttlMs: number): number => Math.min(ttlMs / 2, Math.max(1000, ttlMs / 5));

interface Claim {
  readonly leaseId: string;
  readonly owner: string;
  /** null until etcd has said that the key is ours: the answer to the creation may have been lost. */
  epoch: string | null;
  /** Monotonic. Past it we do not believe in our tenure, whatever nobody tells us. */
  validUntilMs: number;
}

/**
 * Our own right to act: a key that only one instance can create, attached to a lease that only we renew. Its create revision is the epoch.
 *
 * Nothing is kept alive in the background. A process that hangs, sleeps or is stopped confirms nothing, so it loses tenure by itself:
 * `hold` says `held` only if etcd has confirmed key and lease within this very call, and only if the time of asking + TTL - margin is
 * still to come on the monotonic clock. The time counts from before the renewal was sent, because etcd counts from when it arrived.
 */
export class Tenure {
  private claim: Claim | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly key: Buffer;

  constructor(
    private readonly endpoints: Endpoints,
    private readonly clock: Clock,
    path: string,
    private readonly before: { readonly old: string | null; readonly initialize: string },
  ) {
    this.key = Buffer.from(path);
  }

  /** One at a time: two callers that both find the key absent would otherwise compete with each other. */
  hold(owner: string, ttlMs: number): Promise<TenureAnswer> {
    const answer = this.turn.then(() => this.holdNow(owner, ttlMs));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  /** True when the grant was ours and its time has passed by our own clock: it must not be used, even if etcd would still take it. */
  steppedDown(grant: TenureGrant): boolean {
    return this.claim?.epoch === grant.epoch && this.clock.monotonic() >= this.claim.validUntilMs;
  }

  private async holdNow(owner: string, ttlMs: number): Promise<TenureAnswer> {
    const limit = this.endpoints.limit();
    const read = await this.endpoints.ask((client, by) => client.kv.range({ key: this.key }, by), limit);
    if (!read.ok) return unknown('the tenure key could not be read', read);
    const left = await readOldPath(this.endpoints, this.before, limit);
    if (!left.ok) return unknown('the tenure key of older versions could not be read', left);
    if (left.value.holder !== null) {
      const owner = `${left.value.holder} (an older version, at ${this.before.old ?? ''}tenure)`;
      return { kind: 'other', owner: owner.slice(0, 200) };
    }
    const row = read.value.kvs[0];
    if (row === undefined) return this.take(owner, ttlMs, limit);
    if (!this.isOurs(row, owner)) {
      this.claim = null;
      return { kind: 'other', owner: row.value.toString('utf8').slice(0, 200) };
    }
    return this.confirm(row, ttlMs, limit);
  }

  private isOurs(row: KeyValue, owner: string): boolean {
    const claim = this.claim;
    if (claim?.leaseId !== row.lease || row.value.toString('utf8') !== owner) return false;
    return claim.epoch === null || claim.epoch === row.create_revision;
  }

  private async confirm(row: KeyValue, ttlMs: number, limit: Limit): Promise<TenureAnswer> {
    const askedAtMs = this.clock.monotonic();
    const kept = await this.endpoints.ask((client, by) => keepAliveOnce(client, row.lease, by), limit);
    if (!kept.ok) return unknown('the lease of the tenure key could not be renewed', kept);
    if (kept.value <= 0) {
      this.claim = null;
      return { kind: 'unknown', reason: 'our lease ran out; tenure is taken anew in the next pass' };
    }
    return this.believe(row, askedAtMs, ttlMs);
  }

  private async take(owner: string, ttlMs: number, limit: Limit): Promise<TenureAnswer> {
    this.claim = null;
    const askedAtMs = this.clock.monotonic();
    const granted = await this.endpoints.ask(
      (client, by) => client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1000) }, by),
      limit,
    );
    if (!granted.ok) return unknown('no lease for the tenure key', granted);
    const leaseId = granted.value.ID;
    this.claim = { leaseId, owner, epoch: null, validUntilMs: askedAtMs };
    const created = await this.endpoints.ask((client, by) => client.kv.txn(this.creation(owner, leaseId), by), limit);
    if (!created.ok) return unknown('the tenure key could not be created', created);
    const { succeeded, responses } = created.value;
    const row = responses[succeeded ? 1 : 0]?.response_range.kvs[0];
    if (row !== undefined && this.isOurs(row, owner)) return this.believe(row, askedAtMs, ttlMs);
    this.claim = null;
    await this.endpoints.ask((client, by) => client.leaseClient.leaseRevoke({ ID: leaseId }, by), limit);
    return row === undefined
      ? { kind: 'unknown', reason: 'the tenure key vanished while it was being created' }
      : { kind: 'other', owner: row.value.toString('utf8').slice(0, 200) };
  }

  private creation(owner: string, leaseId: string): Parameters<Etcd3['kv']['txn']>[0] {
    const get = { request_range: { key: this.key } };
    const put = { request_put: { key: this.key, value: Buffer.from(owner), lease: leaseId } };
    return {
      compare: [{ key: this.key, target: CompareTarget.Create, result: CompareResult.Equal, create_revision: 0 }],
      success: [put, get],
      failure: [get],
    };
  }

  private believe(row: KeyValue, askedAtMs: number, ttlMs: number): TenureAnswer {
    const validUntilMs = askedAtMs + ttlMs - tenureMarginMs(ttlMs);
    const owner = row.value.toString('utf8');
    this.claim = { leaseId: row.lease, owner, epoch: row.create_revision, validUntilMs };
    if (this.clock.monotonic() >= validUntilMs) {
      return {
        kind: 'unknown',
        reason: `etcd confirmed our tenure, but took so long that it may be over (TTL ${ttlMs} ms)`,
      };
    }
    return { kind: 'held', grant: { epoch: row.create_revision, owner } };
  }

  /** Gives the key back if it is still the grant's. Never rejects: what could not be deleted ends with its lease. */
  async release(grant: TenureGrant): Promise<void> {
    const limit = this.endpoints.limit();
    const claim = this.claim;
    if (claim?.epoch === grant.epoch) this.claim = null;
    await this.endpoints.ask(
      (client, by) =>
        client.kv.txn(
          {
            compare: [
              {
                key: this.key,
                target: CompareTarget.Create,
                result: CompareResult.Equal,
                create_revision: grant.epoch,
              },
            ],
            success: [{ request_delete_range: { key: this.key } }],
          },
          by,
        ),
      limit,
    );
    if (claim?.epoch !== grant.epoch) return;
    await this.endpoints.ask((client, by) => client.leaseClient.leaseRevoke({ ID: claim.leaseId }, by), limit);
  }
}

const unknown = (what: string, answer: Answer<unknown> & { ok: false }): TenureAnswer => ({
  kind: 'unknown',
  reason: `${what}: ${answer.why}`,
});

/** Renews a lease once. Resolves to its TTL in seconds, 0 when there is no such lease (any more). The stream ends with the answer. */
async function keepAliveOnce(client: Etcd3, leaseId: string, limit: Limit): Promise<number> {
  const stream = await client.leaseClient.leaseKeepAlive(limit);
  try {
    return await new Promise<number>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('end', () => {
        reject(new Error('the keep-alive stream was closed without an answer'));
      });
      stream.on('data', (answer) => {
        resolve(Number(answer.TTL));
      });
      stream.write({ ID: leaseId });
    });
  } finally {
    stream.end();
  }
}
