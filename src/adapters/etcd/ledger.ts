import { CompareResult, CompareTarget } from 'etcd3';
import type { TenureGrant } from '../../ports/dcs.js';
import type { Answer, Endpoints, Limit } from './endpoints.js';

/** More than two rounds would mean that somebody else writes under our own tenure. */
const ROUNDS = 2;

/**
 * The shared ledger document. Each write is conditional on the tenure key's create revision, so that a holder of the past writes nothing,
 * and on the document's own mod revision: a write that hung in a frozen endpoint arrives when that thaws, under a tenure that still
 * stands, and would put an old ledger over a newer one.
 */
export class LedgerStore {
  private readonly key: Buffer;
  private readonly tenureKey: Buffer;
  /** Mod revision as we know it, `0` for an absent document; null: to be asked first. */
  private revision: string | null = null;

  constructor(
    private readonly endpoints: Endpoints,
    paths: { readonly ledger: string; readonly tenure: string },
  ) {
    this.key = Buffer.from(paths.ledger);
    this.tenureKey = Buffer.from(paths.tenure);
  }

  async load(limit: Limit = this.endpoints.limit()): Promise<Answer<string | null>> {
    const read = await this.endpoints.ask((client, by) => client.kv.range({ key: this.key }, by), limit);
    if (!read.ok) return read;
    const row = read.value.kvs[0];
    this.revision = row?.mod_revision ?? '0';
    return { ...read, value: row?.value.toString('utf8') ?? null };
  }

  /** `unknown`: the answer was lost, so it may have been written; the next commit finds out which document it replaces. */
  async commit(grant: TenureGrant, json: string): Promise<'committed' | 'not-ours' | 'unknown'> {
    const limit = this.endpoints.limit();
    for (let round = 0; round < ROUNDS; round++) {
      if (this.revision === null && !(await this.load(limit)).ok) return 'unknown';
      const outcome = await this.write(grant, json, this.revision ?? '0', limit);
      if (outcome !== 'again') return outcome;
    }
    return 'unknown';
  }

  private async write(
    grant: TenureGrant,
    json: string,
    over: string,
    limit: Limit,
  ): Promise<'committed' | 'not-ours' | 'unknown' | 'again'> {
    const done = await this.endpoints.ask(
      (client, by) =>
        client.kv.txn(
          {
            compare: [
              {
                key: this.tenureKey,
                target: CompareTarget.Create,
                result: CompareResult.Equal,
                create_revision: grant.epoch,
              },
              { key: this.key, target: CompareTarget.Mod, result: CompareResult.Equal, mod_revision: over },
            ],
            success: [{ request_put: { key: this.key, value: Buffer.from(json) } }],
            failure: [{ request_range: { key: this.tenureKey } }, { request_range: { key: this.key } }],
          },
          by,
        ),
      limit,
    );
    this.revision = null;
    if (!done.ok) return 'unknown';
    if (done.value.succeeded) {
      this.revision = done.value.header.revision;
      return 'committed';
    }
    const [tenure, ledger] = done.value.responses.map((response) => response.response_range.kvs[0]);
    if (tenure?.create_revision !== grant.epoch) return 'not-ours';
    this.revision = ledger?.mod_revision ?? '0';
    return ledger?.value.toString('utf8') === json ? 'committed' : 'again';
  }
}
