import type { ClusterConfig } from '../../../model/config.js';
import type { HostStatus, HostTarget } from '../../../model/host.js';
import type { Reply, Step } from '../../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading, type ReadingFault } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { HostPort } from '../../../ports/host.js';
import { CLEAN_STOP_MS, endText, linesOf, LOG_DEADLINE_MS } from '../command/ends.js';
import { readingBy } from '../command/readings.js';
import { fillIn, runCommand, type CommandOutcome } from '../command/run.js';
import { controlFromText } from '../control-text.js';
import { hostNamed } from '../named.js';
import { surplusFrom, WALDUMP_DEADLINE_MS } from '../waldump.js';
import { diskHere } from './disk.js';
import { PROPERTIES, statusFrom } from './show.js';
import { Stuck } from './stuck.js';
import { replyingSince } from '../../reply.js';

/** Moments as we read them, words as we know them, and nobody who is asked for a password. */
const ENV = { TZ: 'UTC', LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };

/** Its own words for what it did not begin: who may not, what it does not know, and that no systemd runs here. */
const DENIED =
  /Interactive authentication required|Access denied|Permission denied|Operation not permitted|a password is required/;
const NOT_HERE = /has not been booted with systemd|Failed to connect to bus/;
const NO_UNIT = /Unit \S+ (?:not found|could not be found|is masked|not loaded)/;
const REFUSALS = [DENIED, NOT_HERE, NO_UNIT];
/** The stop was quicker than the kill: there is nothing left. */
const NONE_LEFT = /process(?:es)? to kill|No such process|not loaded/;

/**
 * Units of systemd on this machine, by `systemctl` and `journalctl` without a shell, the room of a member by `df`, and what its data says by
 * PostgreSQL's own programs. `hosts.systemd` has the programs, with whatever stands before them (sudo), how a name becomes a unit, and where the data
 * lies. It moves no data directory: in a service whose file system is read-only, and whose mounts are its own, the looks before a rename prove nothing.
 *
 * A kill first asks for a stop, so that nobody's `Restart=` starts it anew, and then sends SIGKILL to every process of the unit, whatever its
 * `KillMode`. A stop with a grace is followed by that kill when the grace is over.
 */
export function systemdAdapter(cluster: ClusterConfig, clock: Clock): HostPort {
  const systemd = cluster.hosts?.systemd ?? null;
  const deadlineMs = cluster.deadlines.host;
  const hidden = cluster.secretEnv ?? [];
  const stuck = new Stuck(clock);

  /** A name that has a unit's suffix is a unit; any other one goes into the template. */
  const unitOf = (target: HostTarget): string | undefined => {
    const name = hostNamed(cluster, target);
    if (name === undefined || systemd === null) return undefined;
    return /\.(?:service|scope)$/.test(name) ? name : systemd.unit.replaceAll('{name}', name);
  };
  const run = (argv: readonly string[], withinMs: number): Promise<CommandOutcome> =>
    runCommand(argv, { deadlineMs: withinMs, hidden, env: ENV });
  const systemctl = (withinMs: number, ...args: readonly string[]): Promise<CommandOutcome> =>
    run([...(systemd?.systemctl ?? []), '--no-ask-password', ...args], withinMs);

  async function status(target: HostTarget): Promise<Reading<HostStatus>> {
    const unit = unitOf(target);
    if (unit === undefined) return notConfigured(`unit of ${target.name}`, clock.now());
    const source = `systemctl show ${unit}`;
    const outcome = await systemctl(deadlineMs, 'show', `--property=${PROPERTIES.join(',')}`, '--', unit);
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    if (outcome.code !== 0) {
      return unknown(faultIn(outcome.stderr), `${source}: ${endText(outcome.code)}: ${outcome.stderr}`, atMs, source);
    }
    const shown = statusFrom(outcome.stdout.toString('utf8'), unit);
    if (shown.kind === 'status') return fresh(shown.status, atMs, source);
    return unknown('bad-reply', `${source}: ${shown.why}`, atMs, source);
  }

  /** By a program of the operator's, as the user who may read the data. */
  function told<T extends object>(
    target: HostTarget,
    { key, withinMs }: { readonly key: 'controldata' | 'waldump'; readonly withinMs: number },
    read: (stdout: string, stderr: string) => T | string,
    values: Readonly<Record<string, string>> = {},
  ): Promise<Reading<T>> {
    const template = systemd?.[key] ?? null;
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    const what = `hosts.systemd.${key} of ${target.name}`;
    if (template === null || host === undefined) return Promise.resolve(notConfigured(what, clock.now()));
    const hangs = stuck.whyNot(host);
    if (hangs !== null) return Promise.resolve(unknown('timeout', `${what}: ${hangs}`, clock.now(), what));
    const argv = fillIn(template, { name: host, ...values });
    const ran = (outcome: CommandOutcome): void => {
      stuck.ran(host, outcome);
    };
    return readingBy({ clock, hidden, env: ENV, ran }, argv, { host, deadlineMs: withinMs, read });
  }

  async function logs(target: HostTarget, count: number, forMs?: number): Promise<Reading<readonly string[]>> {
    const unit = unitOf(target);
    if (unit === undefined || systemd === null) return notConfigured(`unit of ${target.name}`, clock.now());
    const source = `journalctl of ${unit}`;
    const since = forMs === undefined ? [] : [`--since=@${Math.floor((clock.now() - forMs) / 1000)}`];
    const argv = [
      ...systemd.journalctl,
      ...['--no-pager', '--quiet', '--output=cat', `--lines=${count}`],
      ...since,
      `--unit=${unit}`,
    ];
    const outcome = await run(argv, Math.min(deadlineMs, LOG_DEADLINE_MS));
    const atMs = clock.now();
    if (outcome.kind === 'fault') return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    if (outcome.code !== 0)
      return unknown('bad-reply', `${source}: ${endText(outcome.code)}: ${outcome.stderr}`, atMs, source);
    return fresh(linesOf(outcome.stdout.toString('utf8'), count), atMs, source);
  }

  /** Why this is not the run that was looked at: systemd takes no run with a request, so it is asked just before. Null: it is. */
  async function anotherRun(step: HostStep): Promise<string | null> {
    if (step.verb === 'start' || step.id === undefined) return null;
    const now = await status(step.target);
    if (now.kind === 'unknown') return now.reason;
    return now.value.id === step.id ? null : `another run bears the name of ${step.target.name} now`;
  }

  async function ask(step: HostStep, unit: string): Promise<Asked> {
    const longMs = deadlineMs + CLEAN_STOP_MS;
    const once = async (outcome: Promise<CommandOutcome>): Promise<Asked> => ({ outcome: await outcome, before: null });
    if (step.verb === 'start') return once(systemctl(deadlineMs, 'start', '--', unit));
    if (step.verb === 'restart') return once(systemctl(longMs, 'restart', '--', unit));
    if (step.verb === 'stop' && step.graceMs === undefined) return once(systemctl(longMs, 'stop', '--', unit));
    const asked =
      step.verb === 'stop'
        ? await systemctl(step.graceMs ?? deadlineMs, 'stop', '--', unit)
        : await systemctl(deadlineMs, 'stop', '--no-block', '--', unit);
    const isLate = asked.kind === 'fault' && asked.fault.fault === 'timeout';
    const alone: Asked = { outcome: asked, before: null };
    if (step.verb === 'stop' && !isLate) return alone;
    if (asked.kind === 'ended' && asked.code !== 0) return alone;
    if (asked.kind === 'fault' && !isLate) return alone;
    // The stop may have taken long: somebody may have started it since.
    const before = isLate ? 'a stop went out and had not ended' : 'a stop was accepted';
    const changed = isLate ? await anotherRun(step) : null;
    if (changed !== null) return { outcome: asked, before: `${before}; no kill was sent (${changed})` };
    const killed = await systemctl(deadlineMs, 'kill', '--signal=SIGKILL', '--', unit);
    if (killed.kind === 'ended' && NONE_LEFT.test(killed.stderr)) return alone;
    return { outcome: killed, before: `${before}; the kill` };
  }

  return {
    status,
    logs,
    disk: diskHere({ cluster, clock, run, stuck }),
    controldata: (target) => told(target, { key: 'controldata', withinMs: deadlineMs }, controlFromText),
    surplus: (target, span) =>
      told(target, { key: 'waldump', withinMs: WALDUMP_DEADLINE_MS }, (stdout) => surplusFrom(stdout, span), {
        timeline: String(span.timeline),
        lsn: span.from,
      }),

    async send(step): Promise<Reply> {
      const reply = replyingSince(clock);
      const unit = unitOf(step.target);
      if (unit === undefined)
        return reply('none', `no unit is configured for ${step.target.name} (hosts); nothing was run`);
      const changed = await anotherRun(step);
      if (changed !== null) return reply('none', `${changed}; nothing was run`);
      const { outcome, before } = await ask(step, unit);
      const what = `systemctl ${step.verb} ${unit}`;
      if (outcome.kind === 'ended' && outcome.code === 0) return reply('done', what);
      // What went out before has its effect, whatever becomes of the second request.
      const isNone = before === null && isNotBegun(outcome);
      const first = before === null ? '' : `${before}: `;
      return reply(isNone ? 'none' : 'maybe', `${what}: ${first}${failureText(outcome)}`);
    },

    onEvent: () => () => undefined,
    close: () => Promise.resolve(),
  };
}

type HostStep = Extract<Step, { port: 'host' }>;

/** What the last request came to, and which one took effect before it. */
interface Asked {
  readonly outcome: CommandOutcome;
  readonly before: string | null;
}

const isNotBegun = (outcome: CommandOutcome): boolean =>
  outcome.kind === 'fault' ? !outcome.started : REFUSALS.some((words) => words.test(outcome.stderr));

const failureText = (outcome: CommandOutcome): string =>
  outcome.kind === 'fault' ? outcome.fault.why : `${endText(outcome.code)}: ${outcome.stderr}`;

const faultIn = (stderr: string): ReadingFault =>
  DENIED.test(stderr) ? 'denied' : NOT_HERE.test(stderr) ? 'unreachable' : 'bad-reply';
