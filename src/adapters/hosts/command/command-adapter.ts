import type { AsideDirectory } from '../../../model/aside.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostStatus, HostTarget } from '../../../model/host.js';
import type { Reply } from '../../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { HostPort } from '../../../ports/host.js';
import { controlFromText } from '../control-text.js';
import { diskFrom } from '../df.js';
import { hostNamed } from '../named.js';
import { storeDataFrom } from '../store-data.js';
import { surplusFrom, WALDUMP_DEADLINE_MS } from '../waldump.js';
import { ASIDE_OF, asidesBy, listedFrom } from './asides.js';
import { CLEAN_STOP_MS, endText, linesOf, LOG_DEADLINE_MS, NOT_REACHED } from './ends.js';
import { identityIn, type Identity } from './identity.js';
import { readingBy } from './readings.js';
import { fillIn, runCommand } from './run.js';
import { replyingSince } from '../../reply.js';

const NO_STORE_ASIDE = 'there is no command that moves the data of an etcd member (hosts.commands.moveStoreAside)';

/** A list counts what lies there. */
const LIST_DEADLINE_MS = 14_000;

type CommandKey = keyof NonNullable<NonNullable<ClusterConfig['hosts']>['commands']>;

/** Exit codes of the status command, as `systemctl is-active` uses them. Every other code proves nothing. */
const STATES: Readonly<Record<number, HostStatus['state']>> = { 0: 'running', 3: 'stopped' };

/**
 * Hosts by the operator's own commands: argv templates in which `{name}` becomes the host's name (`hosts.members`), run without a shell.
 *
 * - `status` exits 0 when the member runs and 3 when it is stopped; anything else, or no end in time, is an unknown reading. It may print
 *   lines `id=ID` (of this run: a process number, an invocation), `started=SECONDS` (since 1970) and `host=NAME`: with an id a request that was
 *   meant for another run is not made, and an answer for another host counts as none.
 * - `start`, `stop`, `restart`, `kill` exit 0 when it is done. A command that did not start did nothing; any other end is "maybe",
 *   since half of it may have been done.
 * - `disk`, if there is one, prints `df -Pk` of the member's data directory, and behind a line `== wal` that of its pg_wal; it exits 0.
 * - `waldump`, `controldata`, `storeData`, `listAside`, `moveAside` and `removeAside`, if there are any, print what the program of that name in
 *   config prints, and so do `listStoreAside` and `moveStoreAside` of an etcd member; they exit 0. What none of them prints does not count, and a
 *   line `host=NAME` of another host is not believed.
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

  /** Asked of a target of that kind by the template, if there is one; `key`: how the configuration calls it. */
  async function told<T extends object>(
    { target, of, key }: { readonly target: HostTarget; readonly of?: HostTarget['kind']; readonly key: CommandKey },
    withinMs: number,
    read: (stdout: string, stderr: string) => T | string,
    values: Readonly<Record<string, string>> = {},
  ): Promise<Reading<T>> {
    const template = commands?.[key] ?? null;
    const host = of === undefined || target.kind === of ? hostNamed(cluster, target) : undefined;
    if (template === null || host === undefined)
      return notConfigured(`hosts.commands.${key} of ${target.name}`, clock.now());
    const argv = fillIn(template, { name: host, ...values });
    // A log is anybody's text.
    return readingBy({ clock, hidden }, argv, { host: key === 'logs' ? null : host, deadlineMs: withinMs, read });
  }

  // What could be listed and not moved would be found out when the member is stopped already.
  const lists = ASIDE_OF.filter(({ list, move }) => commands?.[list] != null && commands[move] != null);
  const listed = async (target: HostTarget): Promise<Reading<readonly AsideDirectory[]>> => {
    const row = lists.find(({ kind }) => kind === target.kind);
    return row === undefined
      ? notConfigured(`a list of what lies aside of ${target.name}`, clock.now())
      : told({ target, of: row.kind, key: row.list }, LIST_DEADLINE_MS, listedFrom);
  };

  return {
    status: (target) => status(hostNamed(cluster, target), target.name),
    logs: (target, count) =>
      told({ target, key: 'logs' }, Math.min(deadlineMs, LOG_DEADLINE_MS), (stdout) => linesOf(stdout, count), {
        lines: String(count),
      }),
    disk: (target) =>
      told({ target, of: 'member', key: 'disk' }, deadlineMs, (stdout) => diskFrom(stdout) ?? 'no line of df'),
    surplus: (target, span) =>
      told({ target, of: 'member', key: 'waldump' }, WALDUMP_DEADLINE_MS, (stdout) => surplusFrom(stdout, span), {
        timeline: String(span.timeline),
        lsn: span.from,
      }),
    controldata: (target) => told({ target, of: 'member', key: 'controldata' }, deadlineMs, controlFromText),
    ...(commands?.storeData == null
      ? {}
      : {
          storeData: (target) =>
            told({ target, of: 'store', key: 'storeData' }, deadlineMs, (stdout) =>
              storeDataFrom(stdout, commands.moveStoreAside == null ? NO_STORE_ASIDE : null),
            ),
        }),
    ...(lists.length === 0 ? {} : { listAside: (target) => listed(target) }),
    ...asidesBy({ cluster, clock, status }),

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
  ...(id === null && state === 'stopped' ? { isOfNoRun: true as const } : {}),
  startedAtMs,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
});
