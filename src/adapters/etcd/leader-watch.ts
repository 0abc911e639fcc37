import type { Etcd3 } from 'etcd3';
import type { Clock } from '../../ports/clock.js';
import { clientOf, type DcsConfig } from './client.js';

/** A watcher can go silent without an event; one that is replaced cannot be silent for longer than this. */
const REPLACE_AFTER_MS = 30_000;
const RETRY_AFTER_MS = 500;

export interface WatchOptions {
  readonly dcs: DcsConfig;
  readonly key: string;
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Name of the endpoint that answers our reads: the one to watch at. */
  readonly preferred: () => string;
}

type End = 'replace' | 'broken' | 'compacted';

/**
 * Wakes somebody when one key changes. A wake-up only: it may be late, doubled or missing, and polling is the truth.
 *
 * One raw stream with one watch in it, instead of etcd3's watch manager, which loses watchers for ever after a token expired or a watch
 * was refused. Each stream resumes at the revision after the last one seen, so replacing it loses nothing. Any error ends stream and
 * client, and the next endpoint is tried.
 */
export class LeaderWatch {
  private readonly stop = new AbortController();
  private nextRevision: string | null = null;
  private turn = 0;
  /** Nothing was watched for a while: the next success is worth a wake-up of its own. */
  private blind = false;

  constructor(
    private readonly options: WatchOptions,
    private readonly wake: () => void,
  ) {}

  /** Runs until `close`; never rejects. */
  async run(): Promise<void> {
    const { clock } = this.options;
    let client: Etcd3 | null = null;
    while (!this.stop.signal.aborted) {
      client ??= clientOf(this.options.dcs, this.urlOfTurn(), this.options.deadlineMs);
      const end = await this.follow(client).catch((): End => 'broken');
      if (end === 'replace') continue;
      client.close();
      client = null;
      if (end === 'compacted') this.nextRevision = null;
      this.turn += 1;
      this.blind = true;
      await clock.sleep(RETRY_AFTER_MS, this.stop.signal);
    }
    client?.close();
  }

  close(): void {
    this.stop.abort();
  }

  private urlOfTurn(): string {
    const { hosts } = this.options.dcs;
    const first = Math.max(
      0,
      hosts.findIndex((host) => host.name === this.options.preferred()),
    );
    return hosts[(first + this.turn) % hosts.length]?.url ?? '';
  }

  /** One stream from its creation to its end. */
  private async follow(client: Etcd3): Promise<End> {
    const { clock, key, deadlineMs } = this.options;
    const over = new AbortController();
    const onStop = (): void => {
      over.abort();
    };
    this.stop.signal.addEventListener('abort', onStop, { once: true });
    const stream = await client.watchClient.watch();
    try {
      return await new Promise<End>((resolve) => {
        let created = false;
        stream.on('error', () => {
          resolve('broken');
        });
        stream.on('end', () => {
          resolve('broken');
        });
        stream.on('data', (answer) => {
          if (answer.created && !answer.canceled) {
            created = true;
            this.turn = 0;
            if (this.blind) this.wakeSafely();
            this.blind = false;
          }
          if (answer.canceled) resolve(Number(answer.compact_revision) > 0 ? 'compacted' : 'broken');
          else if (this.wentBack(answer.header.revision)) resolve('compacted');
          else this.take(answer.header.revision, answer.events.length > 0);
        });
        const request = this.nextRevision === null ? {} : { start_revision: this.nextRevision };
        stream.write({ create_request: { key: Buffer.from(key), ...request } });
        void clock.sleep(deadlineMs, over.signal).then(() => {
          if (!created) resolve('broken');
        });
        void clock.sleep(REPLACE_AFTER_MS, over.signal).then(() => {
          resolve('replace');
        });
      });
    } finally {
      this.stop.signal.removeEventListener('abort', onStop);
      over.abort();
      stream.end(); // first: etcd3 takes the error of a cancelled, still writable stream for a failure of the endpoint
      stream.cancel();
    }
  }

  /** etcd was wiped or restored: a watch from a revision of the past cluster would wait for ever. */
  private wentBack(revision: string): boolean {
    return this.nextRevision !== null && BigInt(revision) + 1n < BigInt(this.nextRevision);
  }

  private take(revision: string, changed: boolean): void {
    this.nextRevision = (BigInt(revision) + 1n).toString();
    if (changed) this.wakeSafely();
  }

  private wakeSafely(): void {
    if (this.stop.signal.aborted) return;
    try {
      this.wake();
    } catch {
      // The listener's own trouble: thrown inside a stream handler it would end the process.
    }
  }
}
