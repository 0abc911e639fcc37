import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Lab } from './lab.js';

/** What pgbench itself says of a run: transactions that ended, that failed, the longest of all with the wait for its turn, ms. */
export interface BenchFigures {
  readonly done: number;
  readonly failed: number;
  /** Clients that gave up, by their word on standard error. */
  readonly aborted: readonly string[];
  readonly longestMs: number;
}

/** One row of pgbench's `--log`: client, transaction, latency (µs), script, time (s, µs), lag behind its turn (µs). */
const ROW = /^\d+ \d+ (?<tookUs>\d+) \d+ \d+ \d+(?: (?<lateUs>\d+))?$/;
const FAILED = /number of failed transactions: (?<failed>\d+)/;
const CLIENTS = 4;
const PER_SECOND = 100;

/** pgbench, in a container of its own beside the lab: inserts of one row each, through PgBouncer. Nothing is tried again. */
export class Pgbench {
  readonly #child: ChildProcess;
  readonly #name: string;
  #out = '';
  #err = '';

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    child.stdout?.on('data', (part: Buffer) => void (this.#out += part.toString()));
    child.stderr?.on('data', (part: Buffer) => void (this.#err += part.toString()));
  }

  /** `seconds`: so long it runs. */
  static async through(lab: Lab, seconds: number): Promise<Pgbench> {
    const name = lab.container('pgbench');
    await lab.sql(
      await lab.leader(),
      'CREATE TABLE IF NOT EXISTS e2e_bench (at timestamptz DEFAULT clock_timestamp())',
    );
    const image = (await lab.docker('inspect', '--format', '{{.Config.Image}}', lab.container('patroni1'))).trim();
    const bench = `pgbench -n -f one.sql -c ${CLIENTS} -R ${PER_SECOND} -T ${seconds} -l -h 127.0.0.1 -p 6432 -U postgres postgres`;
    const script = `cd /tmp; export PGPASSWORD=postgres PATH=$PATH:/usr/lib/postgresql/bin
      echo 'INSERT INTO e2e_bench DEFAULT VALUES;' >one.sql; ${bench}; cat pgbench_log.*`;
    // In PgBouncer's own network: whatever becomes of a member, its clients live.
    const where = ['--network', `container:${lab.container('pgbouncer')}`, '--entrypoint', 'bash'];
    const child = spawn('docker', ['run', '--rm', '--name', name, ...where, image, '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Pgbench(name, child);
  }

  /** Whether clients are still at it: what ends after them was not seen by them. */
  get isRunning(): boolean {
    return this.#child.exitCode === null;
  }

  /** Waits for its end. */
  async figures(): Promise<BenchFigures> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    const tookMs = this.#out.split('\n').flatMap((line) => {
      const tookUs = ROW.exec(line.trim())?.groups?.['tookUs'];
      return tookUs === undefined ? [] : [Number(tookUs) / 1000];
    });
    const failed = FAILED.exec(this.#out)?.groups?.['failed'];
    if (tookMs.length === 0) throw new Error(`pgbench ${this.#name} tells of no transaction: ${this.#out}${this.#err}`);
    return {
      done: tookMs.length,
      failed: Number(failed ?? 0),
      aborted: this.#err.split('\n').filter((line) => line.includes('aborted') || line.includes('ERROR')),
      longestMs: Math.max(...tookMs),
    };
  }
}
