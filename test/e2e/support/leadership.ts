import { expect } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from './bench.js';
import type { Daemon, DaemonOptions } from './daemon.js';
import type { Lab, Member } from './lab.js';
import { PrimaryWatch } from './primary-watch.js';
import { until } from './wait.js';
import { Writer } from './writer.js';

const LEADERSHIP: readonly ActionName[] = [
  'expedite-failover',
  'fence-member',
  'proxy-nudge',
  'open-traffic',
  'start-member',
  'failover',
];

/** A policy with all that concerns a leader on auto, but these. */
export const allBut = (...left: readonly ActionName[]) => ({
  actions: Object.fromEntries(
    LEADERSHIP.filter((name) => !left.includes(name)).map((name) => [name, { mode: 'auto', cooldown: '1s' }]),
  ),
});

/** The lab's ttl, 20 s, and what Patroni needs on top to elect. */
const FAILOVER_MS = 45_000;

export const sent = async (daemon: Daemon): Promise<readonly string[]> =>
  (await daemon.requests()).map((row) => row.request);

/** Those that decide who leads or who runs: what merely tells the proxy what has happened is not among them. */
export const decisive = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => /^etcd:|^host kill|shutdown sessions| maint$|^POST/.test(text));

export const codes = async (daemon: Daemon): Promise<readonly string[]> =>
  ((await daemon.snapshot()).states?.problems ?? []).map((problem) => problem.code);

/** Without a pause between two looks: what happens next must happen right after it. */
export async function soon(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await isSo())) if (performance.now() > deadlineMs) throw new Error(`not within 60 s: ${what}`);
}

/** A lab, controllers past their grace, and those who write and look on; whatever happens, `restored` leaves a whole cluster behind. */
export class LeadershipBench {
  readonly #lab: Lab;
  readonly #bench: Bench;
  readonly #witnesses: { stop: () => Promise<void> }[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#bench = new Bench(lab);
  }

  /** Its files, not yet a process. */
  prepare(options: DaemonOptions = {}): Promise<Daemon> {
    return this.#bench.prepare(options);
  }

  /** Past its grace, on a cluster that is whole: from here on a request is possible at any moment. */
  async ready(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = await this.#bench.start({ policy: allBut(), ...options });
    await daemon.readyToAct();
    return daemon;
  }

  /** A client that writes, and one who looks at every member. */
  async witnesses(): Promise<{ readonly writer: Writer; readonly watch: PrimaryWatch }> {
    const watch = new PrimaryWatch(this.#lab);
    this.#witnesses.push(watch);
    const writer = await Writer.on(this.#lab);
    this.#witnesses.push(writer);
    return { writer, watch };
  }

  otherLeader(old: Member): Promise<Member> {
    return until('another member leads', FAILOVER_MS, async () => {
      const now = await this.#lab.leader().catch(() => null);
      return now === null || now === old ? null : now;
    });
  }

  readonly restored = async (): Promise<void> => {
    await Promise.all(this.#witnesses.splice(0).map((witness) => witness.stop()));
    await this.#bench.clear();
    // A paused cluster elects nobody, and the rest waits for a leader.
    await this.#lab.heal('pause');
    await this.#lab.opened([this.#lab.layout.writes]);
    await this.#lab.restore();
  };
}

/** Before and after, with the member's last position, what its container was, and lines of its log without a secret. */
export async function expectEvidence(daemon: Daemon, action: ActionName, member: Member): Promise<void> {
  const rows = (await daemon.bodies('evidence')).filter((row) => row.plan.action === action);
  expect(rows.map((row) => row.moment)).toEqual(['before', 'after']);
  for (const row of rows) {
    const trace = row.members.find((one) => one.member === member);
    expect(trace?.position?.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(trace?.host.kind).toBe('fresh');
    expect(row.log.kind === 'fresh' && row.log.value.length).toBeGreaterThan(0);
    expect(JSON.stringify(row.log)).not.toMatch(/password=[^*]/);
  }
  expect((await daemon.cli('why', member)).out).toContain(`evidence before ${action} ${member}`);
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
