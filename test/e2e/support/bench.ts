import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, TestRunner } from 'vitest';
import type { Block } from '../../../src/model/decision.js';
import type { EntryBody } from '../../../src/model/entry.js';
import { toJson } from '../../../src/model/json.js';
import type { ActionName } from '../../../src/model/plan.js';
import { isAsItWas } from '../../../src/replay/redecided.js';
import { replayer } from '../../../src/replay/replay.js';
import { Daemon, type DaemonOptions } from './daemon.js';
import type { Lab, Member } from './lab.js';
import { until } from './wait.js';
import { Writer } from './writer.js';

/** A lab, the controllers that a test lets loose on it, and its clients: whatever happens, none outlives the test. */
export class Bench {
  readonly lab: Lab;
  readonly #daemons: Daemon[] = [];
  readonly #writers: Writer[] = [];

  constructor(lab: Lab) {
    this.lab = lab;
  }

  async start(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = await this.prepare(options);
    await daemon.start();
    return daemon;
  }

  async prepare(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = await Daemon.prepare(this.lab, options);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** A client that writes until the test is over. */
  async writing(): Promise<Writer> {
    const writer = await Writer.on(this.lab);
    this.#writers.push(writer);
    return writer;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#writers.splice(0).map((writer) => writer.stop()));
    await Promise.all(
      this.#daemons.splice(0).map(async (daemon) => {
        this.lab.sentTwice.push(...(await destructiveTwice(daemon)));
        this.lab.notReplayed.push(...(await notReplayed(daemon)));
        if (TestRunner.getCurrentTest()?.result?.state === 'fail') await keepOf(daemon);
        await daemon.discard();
      }),
    );
  }
}

/** Of a controller in a test that failed: its folder, and in the output what was sent and what became of it. */
async function keepOf(daemon: Daemon): Promise<void> {
  const kept = join('var/test/failed', basename(daemon.directory));
  await cp(daemon.directory, kept, { recursive: true });
  const rows = (await daemon.journal()).flatMap(({ atMs, body }) => {
    const told = shown(body);
    return told === null ? [] : { atMs, told };
  });
  const changed = rows.filter(({ told }, at) => told !== rows[at - 1]?.told);
  const lines = changed.slice(-80).map(({ atMs, told }) => `${new Date(atMs).toISOString().slice(11, -1)} ${told}`);
  console.error([`a controller of a test that failed, kept as ${kept}:`, ...lines].join('\n'));
}

/** What a reader of a failure asks first: what was seen, what was held by which gate, what was sent, and its end. */
function shown(body: EntryBody): string | null {
  switch (body.kind) {
    case 'pass': {
      const problems = body.problems.map(({ code, subject }) => `${code} ${subject}`);
      const held = body.decisions.map((row) => {
        if (!('plan' in row)) return `${row.kind} ${row.code}`;
        const gates = row.kind === 'held' ? row.blocks.map(({ gate }) => `!${gate}`) : [];
        return [row.kind, row.plan.action, row.plan.target, ...gates].join(' ');
      });
      return [...problems, '->', ...held].join(', ');
    }
    case 'intent':
      return `SENT ${body.request}`;
    case 'outcome':
      return `ANSWER ${toJson(body.reply).slice(0, 200)}`;
    case 'verdict':
      return `END ${body.remediation.plan.action} ${body.remediation.phase}`;
    case 'page':
      return `TOLD ${body.text}`;
    default:
      return null;
  }
}

/** What costs a copy or a member's life if it is sent twice, and was. A test that is tried once more after a failure must not hide it. */
async function destructiveTwice(daemon: Daemon): Promise<readonly string[]> {
  // What was given up on the way, or refused, did nothing, and the journal says so.
  const texts = (await daemon.requestsNotRefused())
    .map((body) => body.request)
    .filter((text) => DESTRUCTIVE.test(text));
  return texts.filter((text, at) => texts.indexOf(text) !== at);
}

/** Decisions of this very run that do not come out again from what its journal kept of them: not one byte may differ. */
async function notReplayed(daemon: Daemon): Promise<readonly string[]> {
  const redecide = replayer();
  return (await daemon.journal()).flatMap((entry) => {
    const again = redecide(entry);
    return again === null || isAsItWas(again) ? [] : [toJson(again)];
  });
}

const DESTRUCTIVE = /^POST \/reinitialize |^host (kill|stop) |^etcd: delete the leader key /;

/**
 * Held, nothing sent, and told: the gate is in the API's answer and in `ekimi why`, with what would unblock it. Held by nothing else, unless
 * `also` names it: a test of a gate that another gate hides shows nothing.
 */
export async function expectHeld(
  daemon: Daemon,
  {
    action,
    target,
    gate,
    also = [],
  }: { action: ActionName; target: Member; gate: Block['gate']; also?: Block['gate'][] },
  withinMs = 30_000,
): Promise<Block> {
  const blocks = await daemon.held(action, target, gate, withinMs, {
    alsoInGrace: also.includes('start-grace'),
    only: [gate, ...also],
  });
  const block = blocks.find((row) => row.gate === gate)!;
  expect(await daemon.requests()).toEqual([]);
  const words = [gate, block.because, block.unblock].map(onOneLine);
  let told = '';
  // A pass later it may be held by more, or be unknown: the words must be there in one that is like the one above.
  await until(
    `ekimi why ${target} says what the API says`,
    15_000,
    async () => {
      const why = await daemon.cli('why', target);
      expect(why.exit).toBe(0);
      told = onOneLine(why.out);
      return words.every((word) => told.includes(word));
    },
    () => `${words.join(' | ')} in: ${told}`,
  );
  return block;
}

/** A terminal's line ends cut sentences in two. */
const onOneLine = (text: string): string => text.replace(/\s+/g, ' ');
