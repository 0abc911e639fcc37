import { expect } from 'vitest';
import type { StagedName } from '../../../src/model/staged.js';
import type { Body, Daemon } from './daemon.js';
import type { Lab } from './lab.js';
import { until } from './wait.js';
import type { Writer } from './writer.js';

type Change = Body<'procedure-run'>;

const WHY = ['--reason', 'another time'] as const;
/** After the last change of leader nothing of ours moves it again for as long as this, and the next run waits. */
const ENDS_MS = 240_000;

/** Runs that a person begins, ends in the middle, and begins anew; each by its id. */
export function aborting(lab: Lab, daemon: Daemon) {
  const ended: string[] = [];
  const changesOf = async (id: string): Promise<readonly Change[]> =>
    (await daemon.bodies('procedure-run')).filter(({ run }) => run.id === id);

  const changed = (id: string, to: Change['change'], withinMs: number): Promise<Change> =>
    until(
      `${id} has ${to}`,
      withinMs,
      async () => (await changesOf(id)).find(({ change }) => change === to),
      async () => [(await daemon.cli('procedures')).out, (await changesOf(id)).map(({ text }) => text)],
    );

  /** Begun, as soon as it is not refused any more: a member that was just restarted is not seen to stream at once. */
  async function begin(name: StagedName, ...args: readonly string[]): Promise<string> {
    let said = '';
    return until(
      `${name} is begun`,
      90_000,
      async () => {
        const ran = await daemon.cli('run-procedure', name, ...args, ...WHY);
        said = ran.err;
        return ran.exit === 0 ? /^started \((\S+);/.exec(ran.out)?.[1] : null;
      },
      () => said,
    );
  }

  /** The first request of this action is out for it. */
  const sent = (id: string, action: string): Promise<unknown> =>
    until(
      `${action} was sent for ${id}`,
      120_000,
      async () => (await daemon.requests()).some(({ plan }) => plan.because.run === id && plan.action === action),
      async () => (await daemon.cli('procedures')).out,
    );

  /** What was begun for it before a person's word may end; nothing else is sent for it, then or later. */
  async function expectNothingAfter(id: string): Promise<void> {
    const rows = (await daemon.journal()).map(({ body }) => body);
    const at = rows.findIndex(
      (body) => body.kind === 'procedure-run' && body.run.id === id && /^abort/.test(body.change),
    );
    const ofRun = rows.map((body) => (body.kind === 'intent' && body.plan.because.run === id ? body.id : null));
    const before = ofRun.slice(0, at);
    expect(ofRun.slice(at).filter((sentFor) => sentFor !== null && !before.includes(sentFor))).toEqual([]);
    const endAt = rows.findIndex(
      (body) => body.kind === 'procedure-run' && body.run.id === id && body.change === 'aborted',
    );
    expect(ofRun.slice(endAt).filter((sentFor) => sentFor !== null)).toEqual([]);
  }

  /** Ended by a person between two of its stages: what it says that it leaves, and how one goes on. */
  async function abort(id: string): Promise<string> {
    // On a machine that is busy etcd may be silent for a moment: then nobody's word is taken, and that is said.
    const ran = await until('the abort is taken', 30_000, async () => {
      const said = await daemon.cli('procedures', 'abort', id, ...WHY);
      return said.err.includes('etcd does not answer') ? null : said;
    });
    expect(ran).toMatchObject({ exit: 0, err: '' });
    const { text, run } = await changed(id, 'aborted', 120_000);
    console.info(`Patroni ${lab.patroni}, ${run.name} ended: ${ran.out.trim()}\n  ${text}`);
    // What is printed repeats by which configuration it was asked.
    const plain = (out: string): string => out.replaceAll(` --config ${daemon.config}`, '');
    expect(plain(ran.out).includes(text) || ran.out.includes('is in flight and ends first'), ran.out).toBe(true);
    expect(plain((await daemon.cli('procedures')).out)).toContain(text);
    ended.push(id);
    return text;
  }

  const succeeds = async (id: string): Promise<void> => {
    const { run } = await changed(id, 'succeeded', ENDS_MS);
    console.info(
      `Patroni ${lab.patroni}, ${run.name} begun anew: ${(((run.endedAtMs ?? 0) - run.startedAtMs) / 1000).toFixed(0)} s`,
    );
  };

  /** No claim of Ekimi, no pause, no server that is held back: all that could stay closed with nobody who would open it. */
  async function expectNothingHeld(): Promise<void> {
    const { ledger } = await daemon.snapshot();
    const { drains, fences, pauses = [], evacuations = [], clusterPause = null } = ledger;
    expect({ drains, fences, pauses, evacuations, clusterPause }).toEqual({
      drains: [],
      fences: [],
      pauses: [],
      evacuations: [],
      clusterPause: null,
    });
    expect((await lab.proxyServers()).filter(({ status }) => /MAINT|DRAIN/.test(status))).toEqual([]);
  }

  /** And nothing was sent for a run that had ended, up to now. */
  async function nothingLost(writer: Writer, what: string): Promise<void> {
    await until('writes go on', 60_000, () => writer.flowsSince(Date.now() - 5_000));
    const lost = await writer.lost();
    console.info(
      `Patroni ${lab.patroni}, ${what}: ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost`,
    );
    expect(lost).toBe(0);
    for (const id of ended) await expectNothingAfter(id);
  }

  return { begin, sent, changed, abort, succeeds, expectNothingHeld, nothingLost };
}
