import type { ClusterConfig } from '../../../model/config.js';
import { isAsideSuffix, type Aside } from '../../../model/aside.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostStatus, HostTarget } from '../../../model/host.js';
import type { Reply } from '../../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { SurplusWal, WalSpan } from '../../../model/surplus.js';
import type { Clock } from '../../../ports/clock.js';
import type { HostPort } from '../../../ports/host.js';
import { hostNamed } from '../named.js';
import { asideFrom } from '../aside.js';
import { diskFrom } from '../df.js';
import { surplusFrom } from '../waldump.js';
import { CLEAN_STOP_MS, endText, linesOf, LOG_DEADLINE_MS } from './ends.js';
import { identityIn, type Identity } from './identity.js';
import { fillIn, runCommand } from './run.js';
import { replyingSince } from '../../reply.js';

/** How long the command that runs pg_waldump may take. */
const WALDUMP_DEADLINE_MS = 14_000;

/** Exit codes of the status command, as `systemctl is-active` uses them. Every other code proves nothing. */
const STATES: Readonly<Record<number, HostStatus['state']>> = { 0: 'running', 3: 'stopped' };

/** ssh's own code for "could not get there", which says nothing about the member. */
const NOT_REACHED = 255;

/**
 * Hosts by the operator's own commands: argv templates in which `{name}` becomes the host's name (`hosts.members`), run without a shell.
 *
 * - `status` exits 0 when the member runs and 3 when it is stopped; anything else, or no end in time, is an unknown reading. It may print
 *   lines `id=ID` (of this run: a process number, an invocation), `started=SECONDS` (since 1970) and `host=NAME`: with an id a request that was
 *   meant for another run is not made, and an answer for another host counts as none.
 * - `start`, `stop`, `restart`, `kill` exit 0 when it is done. A command that did not start did nothing; any other end is "maybe",
 *   since half of it may have been done.
 * - `disk`, if there is one, prints `df -Pk` of the member's data directory, and behind a line `== wal` that of its pg_wal; it exits 0.
 * - `waldump`, if there is one, prints what config/ekimi-waldump prints for `{timeline}` and `{lsn}`; it exits 0.
 * - `logs`, if there is one, prints the last `{lines}` lines of the member's log and exits 0.
 *
 * `stop` and `restart` may take a minute longer than `deadlines.host`. There are no events: the poll sees changes.
 */
export function commandAdapter(cluster: ClusterConfig, clock: Clock): HostPort {
  const hosts = cluster.hosts;
  const commands = hosts?.commands ?? null;
  const deadlineMs = cluster.deadlines.host;
  const hidden = cluster.secretEnv ?? [];

  async function status(host: string | undefined, what: string): Promise<Reading<HostStatus>> {
    if (commands === null || host === undefined) return notConfigured(`host of ${what}`, clock.now());
    const argv = fillIn(commands.status, { name: host });
    const source = argv.join(' ');
    const outcome = await runCommand(argv, { deadlineMs, hidden });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    const state = outcome.code === null ? undefined : STATES[outcome.code];
    const told = identityIn(outcome.stdout);
    if (told.host !== null && told.host !== host)
      return unknown('wrong-scope', `${source}: it answers for ${told.host}, not for ${host}`, atMs, source);
    if (state !== undefined) return fresh(hostStatus(state, host, told), atMs, source);
    const reason = `${source}: ${endText(outcome.code)}, where 0 is running and 3 is stopped: ${outcome.stderr}`;
    return unknown(outcome.code === NOT_REACHED ? 'unreachable' : 'bad-reply', reason, atMs, source);
  }

  /** Why this is not the run that was looked at; null: it is. A command has no way to name a run, so it is asked just before. */
  async function anotherRun(host: string, id: string): Promise<string | null> {
    const now = await status(host, host);
    if (now.kind === 'unknown') return now.reason;
    return now.value.id === id ? null : `another run bears the name of ${host} now`;
  }

  async function logs(host: string | undefined, what: string, count: number): Promise<Reading<readonly string[]>> {
    const template = commands?.logs ?? null;
    if (template === null || host === undefined) return notConfigured(`log command of ${what}`, clock.now());
    const argv = fillIn(template, { name: host, lines: String(count) });
    const source = argv.join(' ');
    const outcome = await runCommand(argv, { deadlineMs: Math.min(deadlineMs, LOG_DEADLINE_MS), hidden });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    if (outcome.code !== 0)
      return unknown('bad-reply', `${source}: ${endText(outcome.code)}: ${outcome.stderr}`, atMs, source);
    return fresh(linesOf(outcome.stdout, count), atMs, source);
  }

  async function disk(target: HostTarget): Promise<Reading<DiskStatus>> {
    const template = commands?.disk ?? null;
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    if (template === null || host === undefined) return notConfigured(`disk command of ${target.name}`, clock.now());
    const argv = fillIn(template, { name: host });
    const source = argv.join(' ');
    const outcome = await runCommand(argv, { deadlineMs, hidden });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    const found = outcome.code === 0 ? diskFrom(outcome.stdout.toString('utf8')) : null;
    if (found !== null) return fresh(found, atMs, source);
    return unknown(
      'bad-reply',
      `${source}: ${endText(outcome.code)}, and no line of df: ${outcome.stderr}`,
      atMs,
      source,
    );
  }

  async function surplus(target: HostTarget, span: WalSpan): Promise<Reading<SurplusWal>> {
    const template = commands?.waldump ?? null;
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    if (template === null || host === undefined) return notConfigured(`hosts.commands.waldump`, clock.now());
    const argv = fillIn(template, { name: host, timeline: String(span.timeline), lsn: span.from });
    const source = argv.join(' ');
    const outcome = await runCommand(argv, { deadlineMs: WALDUMP_DEADLINE_MS, hidden });
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    const found =
      outcome.code === 0
        ? surplusFrom(outcome.stdout.toString('utf8'), span)
        : `${endText(outcome.code)}: ${outcome.stderr}`;
    return typeof found === 'string'
      ? unknown('bad-reply', `${source}: ${found}`, atMs, source)
      : fresh(found, atMs, source);
  }

  async function moveAside(
    target: HostTarget,
    { id, suffix }: { readonly id: string; readonly suffix: string },
  ): Promise<Aside> {
    const startedMs = clock.monotonic();
    const said = (effect: Reply['effect'], text: string, moved: Partial<Aside> = {}): Aside => ({
      ...{ effect, status: null, text: text.slice(0, 300), to: null, bytes: null, ...moved },
      tookMs: Math.round(clock.monotonic() - startedMs),
    });
    const template = commands?.moveAside ?? null;
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    if (template === null || host === undefined || !isAsideSuffix(suffix))
      return said('none', `no moveAside command of ${target.name}; nothing was run`);
    const now = await status(host, target.name);
    if (now.kind === 'unknown') return said('none', `${now.reason}; nothing was run`);
    if (now.value.state !== 'stopped') return said('none', `${target.name} is ${now.value.state}; nothing was run`);
    if (now.value.id !== id) return said('none', `another run bears the name of ${host} now; nothing was run`);
    const argv = fillIn(template, { name: host, suffix });
    const outcome = await runCommand(argv, { deadlineMs, hidden });
    if (outcome.kind === 'fault') return said(outcome.started ? 'maybe' : 'none', outcome.fault.why);
    const found = outcome.code === 0 ? asideFrom(outcome.stdout.toString('utf8').split('\n')) : null;
    if (found === null) return said('maybe', `${endText(outcome.code)}: ${outcome.stderr}`);
    return 'no' in found ? said('none', found.no) : said('done', found.to, found);
  }

  return {
    status: (target) => status(hostNamed(cluster, target), target.name),
    disk,
    surplus,
    logs: (target, count) => logs(hostNamed(cluster, target), target.name, count),

    moveAside: (target, how) => moveAside(target, how),

    async send(step): Promise<Reply> {
      const reply = replyingSince(clock);
      const host = hostNamed(cluster, step.target);
      if (commands === null || host === undefined) {
        return reply(
          'none',
          `no host command is configured for ${step.target.name} (hosts.commands and its name under hosts); nothing was run`,
        );
      }
      const changed =
        step.verb === 'start' || step.id === undefined || step.id === host ? null : await anotherRun(host, step.id);
      if (changed !== null) return reply('none', `${changed}; nothing was run`);
      const argv = fillIn(commands[step.verb], { name: host });
      const extraMs = step.verb === 'stop' || step.verb === 'restart' ? CLEAN_STOP_MS : 0;
      const outcome = await runCommand(argv, { deadlineMs: deadlineMs + extraMs, hidden });
      if (outcome.kind === 'fault') {
        return reply(outcome.started ? 'maybe' : 'none', `${argv.join(' ')}: ${outcome.fault.why}`);
      }
      if (outcome.code === 0) return reply('done', outcome.stdout.toString('utf8').trim());
      return reply('maybe', `${argv.join(' ')}: ${endText(outcome.code)}: ${outcome.stderr}`);
    },

    onEvent: () => () => undefined,
    close: () => Promise.resolve(),
  };
}

const hostStatus = (state: HostStatus['state'], name: string, { id, startedAtMs }: Identity): HostStatus => ({
  state,
  id: id ?? name,
  startedAtMs,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
});
