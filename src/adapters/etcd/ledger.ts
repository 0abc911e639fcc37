import { CompareResult, CompareTarget } from 'etcd3';
import type { CommitAnswer, TenureGrant } from '../../ports/dcs.js';
import type { Answer, Endpoints, Limit } from './endpoints.js';
import type { KeyValue } from './keys.js';
import { readOldPath } from './old-path.js';

/** As many unanswered writes are remembered; a document that is an older one of them counts as a stranger's, and is read anew. */
const MOST_LOST = 20;

/**
 * The shared ledger document. Each write is conditional on the tenure key's create revision, so that a holder of the past writes nothing,
 * and on the mod revision of the document that our caller has read or written last: what it has not read it cannot write over, whoever
 * wrote that, and a write that hung in a frozen endpoint finds a newer document when it thaws.
 */
export class LedgerStore {
  private readonly key: Buffer;
  private readonly tenureKey: Buffer;
  /** Mod revision of the document that the caller knows; `0`: none, nothing was ever read. */
  private known = '0';
  /** Where the last document came from; more than `etcd` only when it is news. */
  source = 'etcd';
  /** Texts whose answers were lost: one of them may be the document by now, and that is no stranger's. */
  private lost: readonly string[] = [];

  constructor(
    private readonly endpoints: Endpoints,
    private readonly paths: {
      readonly ledger: string;
      readonly tenure: string;
      readonly old: string | null;
      readonly initialize: string;
    },
  ) {
    this.key = Buffer.from(paths.ledger);
    this.tenureKey = Buffer.from(paths.tenure);
  }

  async load(limit: Limit = this.endpoints.limit()): Promise<Answer<string | null>> {
    const read = await this.read(limit);
    if (!read.ok) return read;
    this.source = 'etcd';
    if (read.value === null) return this.fromOldPath(limit);
    this.knows(read.value.mod_revision);
    return { ...read, value: read.value.value.toString('utf8') };
  }

  /** None of ours yet: that of an older version is taken over where it is surely of this cluster, and our first write ends that. */
  private async fromOldPath(limit: Limit): Promise<Answer<string | null>> {
    const left = await readOldPath(this.endpoints, this.paths, limit);
    if (!left.ok) return left;
    this.knows('0');
    const at = `${this.paths.old ?? ''}ledger`;
    if (left.value.ledger !== null) this.source = `etcd: taken over from ${at}`;
    if (left.value.isUnclear) this.source = `etcd: left alone at ${at}, since it does not say of which cluster it is`;
    return { ...left, value: left.value.ledger };
  }

  private async read(limit: Limit): Promise<Answer<KeyValue | null>> {
    const read = await this.endpoints.ask((client, by) => client.kv.range({ key: this.key }, by), limit);
    return read.ok ? { ...read, value: read.value.kvs[0] ?? null } : read;
  }

  private knows(revision: string): void {
    this.known = revision;
    this.lost = [];
  }

  /** After a lost answer the document is read first: ours may have become it, and then it is what we write over. */
  async commit(grant: TenureGrant, json: string): Promise<CommitAnswer> {
    const limit = this.endpoints.limit();
    if (this.lost.length > 0) {
      const read = await this.read(limit);
      if (!read.ok) return 'unknown';
      const text = read.value?.value.toString('utf8');
      if (text !== undefined && this.lost.includes(text)) this.knows(read.value?.mod_revision ?? '0');
      else if ((read.value?.mod_revision ?? '0') !== this.known) return 'unread';
    }
    return this.write(grant, json, limit);
  }

  private async write(grant: TenureGrant, json: string, limit: Limit): Promise<CommitAnswer> {
    const over = this.known;
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
    if (!done.ok) {
      this.lost = [...this.lost.filter((text) => text !== json), json].slice(-MOST_LOST);
      return 'unknown';
    }
    if (done.value.succeeded) {
      this.knows(done.value.header.revision);
      return 'committed';
    }
    const [tenure, ledger] = done.value.responses.map((response) => response.response_range.kvs[0]);
    if (tenure?.create_revision !== grant.epoch) return 'not-ours';
    // Asked of a second endpoint after a silent first one, the transaction can find its own work.
    if (ledger?.value.toString('utf8') !== json) return 'unread';
    this.knows(ledger.mod_revision);
    return 'committed';
  }
}
