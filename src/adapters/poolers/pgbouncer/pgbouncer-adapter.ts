import type { PoolerConfig } from '../../../model/config.js';
import type { Reply } from '../../../model/plan.js';
import { isPaused, pausedIn, type PoolerReport, type PoolerWaits } from '../../../model/pooler.js';
import { fresh, unknown, type Reading, type Unknown } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { PauseTimes, PoolerPort } from '../../../ports/pooler.js';
import { PgbouncerConsole, type ConsoleAnswer } from './console.js';
import { rightsAtConsole } from './rights.js';
import { databasesFrom, isAllPaused, versionIn, waitsFrom } from './report.js';

const isOpen = (answer: ConsoleAnswer | undefined): boolean => answer?.ok === false && answer.refused === null;

type Failed = Extract<ConsoleAnswer, { ok: false }>;

/** A pause of ours, from before its first command is sent until it is known to be over. */
interface Hold {
  readonly names: readonly string[];
  readonly over: AbortController;
  /** Each PAUSE has its answer, or will have none: whoever is not paused from here on was let go. */
  isSettled: boolean;
}

/** A name goes between quotation marks, of which it may have none: the console knows no way to escape one. */
const UNSPEAKABLE = /["\\\r\n\0;]/;

/** What of a pause of ours is to be let go; all of it while a PAUSE may still be on its way. */
const namesOf = ({ names, isSettled }: Hold, report: PoolerReport): readonly string[] =>
  isSettled ? names.filter((name) => pausedIn(report).includes(name)) : names;

const REPLY_CHARS = 300;
/** How soon a resume that was due and failed is tried again. */
const AGAIN_MS = 250;
/** How old what it says of its settings may be. */
const WAITS_MS = 60_000;
const WORDS = { paused: 'is not paused', missing: /no such database/i } as const;

/**
 * PgBouncer by its admin console. Databases are paused by name: only so does every version show it, and clients of other clusters go on. A
 * PAUSE that waits stands although its connection is closed, so what is given up is taken back by a RESUME from another one; and it never
 * ends by itself, so the end of each of ours is armed here before its first command leaves.
 */
export function pgbouncerAdapter(config: PoolerConfig, deadlineMs: number, clock: Clock): PoolerPort {
  const source = `console of ${config.name}`;
  const control = new PgbouncerConsole(config, deadlineMs);
  const unknownBy = (failed: Failed): Unknown =>
    unknown(failed.fault, `${source} at ${config.address}: ${failed.why}`, clock.now(), source);
  let hold: Hold | null = null;
  let told: { readonly atMs: number; readonly waits: PoolerWaits | null } | null = null;

  /** A pause of ours that somebody ended, or that ended with its process, is over: the next one under its name is a person's. */
  async function read(): Promise<Reading<PoolerReport>> {
    // What is read must have been asked after the last answer to a PAUSE.
    const before = hold?.isSettled === true ? hold : null;
    const reading = await readOnce();
    if (before === null || hold !== before || reading.kind !== 'fresh') return reading;
    if (namesOf(before, reading.value).length === 0) drop();
    return reading;
  }

  /** It may change with a RELOAD, and nothing is decided by it. */
  async function waits(): Promise<Pick<PoolerReport, 'waits'>> {
    const nowMs = clock.monotonic();
    if (told === null || nowMs - told.atMs >= WAITS_MS) {
      const answer = await control.ask('SHOW CONFIG');
      told = { atMs: nowMs, waits: answer.ok ? waitsFrom(answer.rows) : null };
    }
    return told.waits === null ? {} : { waits: told.waits };
  }

  async function readOnce(): Promise<Reading<PoolerReport>> {
    const version = await control.ask('SHOW VERSION');
    if (!version.ok) return unknownBy(version);
    const number = versionIn(version.rows);
    if (number === null)
      return unknown('bad-reply', `${source}: not PgBouncer at ${config.address}`, clock.now(), source);
    const databases = await control.ask('SHOW DATABASES');
    if (!databases.ok) return unknownBy(databases);
    const pools = await control.ask('SHOW POOLS');
    if (!pools.ok) return unknownBy(pools);
    const state = await control.ask('SHOW STATE');
    // Before 1.19 there is no such command, and a PAUSE of everything is not told.
    if (!state.ok && state.refused === null) return unknownBy(state);
    const report: PoolerReport = {
      version: number,
      allPaused: state.ok ? isAllPaused(state.rows) : null,
      databases: databasesFrom(databases.rows, pools.rows, config.databases),
      ...(await waits()),
    };
    return fresh(report, clock.now(), source);
  }

  /** Each by itself. Null: none is paused any more; else what stands in the way. `isGone`: nothing listens there, so nothing is paused there. */
  async function release(names: readonly string[]): Promise<(Failed & { readonly isGone: boolean }) | null> {
    for (const name of names) {
      const answer = await control.ask(`RESUME "${name}"`);
      if (answer.ok) continue;
      if (answer.refused?.includes(WORDS.paused) === true || WORDS.missing.test(answer.refused ?? '')) continue;
      return { ...answer, isGone: !answer.sent && answer.fault === 'refused' };
    }
    return null;
  }

  async function endWhenDue({ names, over }: Hold, forMs: number): Promise<void> {
    await clock.sleep(forMs, over.signal);
    while (!over.signal.aborted) {
      const failed = await release(names);
      if (failed === null || failed.isGone) break;
      await clock.sleep(AGAIN_MS, over.signal);
    }
    if (hold?.over === over) hold = null;
  }

  function drop(): void {
    hold?.over.abort();
    hold = null;
  }

  async function pauseAll(names: readonly string[], { withinMs, forMs }: PauseTimes, reply: ReplyOf): Promise<Reply> {
    const consoles = names.map(() => new PgbouncerConsole(config, deadlineMs));
    try {
      const closed = (await Promise.all(consoles.map((each) => each.open()))).find((answer) => answer?.ok === false);
      if (closed?.ok === false) return reply('none', `nothing was sent: ${closed.why}`);
      const mine: Hold = { names, over: new AbortController(), isSettled: false };
      hold = mine;
      void endWhenDue(mine, forMs);
      const answers = await Promise.all(
        consoles.map((each, index) => each.ask(`PAUSE "${names[index] ?? ''}"`, withinMs)),
      );
      mine.isSettled = true;
      const bad = answers.find((answer): answer is Failed => !answer.ok);
      if (bad === undefined) return reply('done', `paused: ${names.join(', ')}`);
      const why = bad.fault === 'timeout' ? `transactions did not end within ${withinMs} ms` : (bad.refused ?? bad.why);
      // What was refused did nothing; all else may have, also where its answer is late.
      const begun = names.filter((_, index) => answers[index]?.ok === true || isOpen(answers[index]));
      const failed = await release(begun);
      // It is tried until the pause would have ended, and after.
      if (failed !== null && !failed.isGone)
        return reply('maybe', `${why}; and it could not be taken back: ${failed.why}`);
      drop();
      return reply('none', begun.length === 0 ? why : `${why}; taken back`);
    } finally {
      for (const each of consoles) each.close();
    }
  }

  type ReplyOf = (effect: Reply['effect'], text: string) => Reply;
  const replying = (): ReplyOf => {
    const startedMs = clock.monotonic();
    return (effect, text) => ({
      effect,
      status: null,
      text: `${config.name}: ${text}`.slice(0, REPLY_CHARS),
      tookMs: Math.round(clock.monotonic() - startedMs),
    });
  };

  return {
    status: read,

    async pause(times) {
      const reply = replying();
      if (hold !== null) return reply('none', 'a pause of ours is not over yet; nothing was sent');
      const seen = await read();
      if (seen.kind !== 'fresh')
        return reply('none', `nothing was sent: ${seen.kind === 'unknown' ? seen.reason : ''}`);
      const { value } = seen;
      if (isPaused(value))
        return reply(
          'none',
          `paused already, by somebody else (${pausedIn(value).join(', ') || 'all'}); nothing was sent`,
        );
      const names = value.databases.map(({ name }) => name);
      const odd = names.find((name) => UNSPEAKABLE.test(name));
      if (odd !== undefined) return reply('none', `a database cannot be named at the console: ${JSON.stringify(odd)}`);
      if (names.length === 0) return reply('none', 'it has no such database; nothing was sent');
      return pauseAll(names, times, reply);
    },

    async resume() {
      const reply = replying();
      const mine = hold;
      const seen = await read();
      if (seen.kind !== 'fresh')
        return reply('none', `nothing was sent: ${seen.kind === 'unknown' ? seen.reason : ''}`);
      const names = (mine === null ? pausedIn(seen.value) : namesOf(mine, seen.value)).filter(
        (name) => !UNSPEAKABLE.test(name),
      );
      const failed = await release(names);
      if (failed === null) {
        drop();
        if (names.length > 0) return reply('done', `resumed: ${names.join(', ')}`);
        return reply('done', mine === null ? 'nothing is paused' : 'nothing that we paused is paused any more');
      }
      return reply(failed.sent && failed.refused === null ? 'maybe' : 'none', failed.why);
    },

    rights: () => rightsAtConsole((command) => control.ask(command), { source, nowMs: () => clock.now() }),

    async close() {
      const mine = hold;
      drop();
      if (mine !== null) await release(mine.names);
      control.close();
    },
  };
}
