import { isAsideName, isAsideSuffix, type Aside, type AsideDirectory } from '../../../model/aside.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostStatus, HostTarget } from '../../../model/host.js';
import type { Reply } from '../../../model/plan.js';
import type { Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { HostPort } from '../../../ports/host.js';
import { replyingSince } from '../../reply.js';
import { asideFrom, asidesFrom, removedFrom } from '../aside.js';
import { hostNamed } from '../named.js';
import { endText } from './ends.js';
import { fillIn, runCommand } from './run.js';

/** A deletion that takes longer is not known to have ended; what is left of it lies under the same name. */
const REMOVAL_DEADLINE_MS = 120_000;

/** The commands by what they are about. */
export const ASIDE_OF = [
  { kind: 'member', list: 'listAside', move: 'moveAside' },
  { kind: 'store', list: 'listStoreAside', move: 'moveStoreAside' },
] as const;

interface By {
  readonly cluster: ClusterConfig;
  readonly clock: Clock;
  readonly status: (host: string | undefined, what: string) => Promise<Reading<HostStatus>>;
}

/** What lies aside, as config/ekimi-list-aside prints it; a text: why there is no list. */
export function listedFrom(stdout: string): readonly AsideDirectory[] | string {
  const found = asidesFrom(stdout.split('\n'));
  if (found === null) return 'it printed no list (config/ekimi-list-aside)';
  return 'no' in found ? found.no : found.directories;
}

/** Moves and removes data directories by the operator's commands, on the host that its status command answers for, and no other. */
export function asidesBy({ cluster, clock, status }: By): Required<Pick<HostPort, 'moveAside' | 'removeAside'>> {
  const commands = cluster.hosts?.commands ?? null;
  const deadlineMs = cluster.deadlines.host;
  const hidden = cluster.secretEnv ?? [];

  async function moveAside(
    target: HostTarget,
    { id, suffix, ended }: Parameters<NonNullable<HostPort['moveAside']>>[1],
  ): Promise<Aside> {
    const reply = replyingSince(clock);
    const said = (effect: Reply['effect'], text: string, moved: Partial<Aside> = {}): Aside => ({
      ...{ ...reply(effect, text), to: null, bytes: null },
      ...moved,
    });
    const row = ASIDE_OF.find(({ kind }) => kind === target.kind);
    const template = row === undefined ? null : (commands?.[row.move] ?? null);
    const host = hostNamed(cluster, target);
    if (template === null || host === undefined || !isAsideSuffix(suffix))
      return said('none', `no ${row?.move ?? 'moveAside'} command of ${target.name}; nothing was run`);
    const now = await status(host, target.name);
    if (now.kind === 'unknown') return said('none', `${now.reason}; nothing was run`);
    if (now.value.state !== 'stopped') return said('none', `${target.name} is ${now.value.state}; nothing was run`);
    const isIt = now.value.id === id || (ended === true && now.value.isOfNoRun === true);
    if (!isIt) return said('none', `another run bears the name of ${host} now; nothing was run`);
    const outcome = await runCommand(fillIn(template, { name: host, suffix }), { deadlineMs, hidden });
    if (outcome.kind === 'fault') return said(outcome.started ? 'maybe' : 'none', outcome.fault.why);
    const found = outcome.code === 0 ? asideFrom(outcome.stdout.toString('utf8').split('\n')) : null;
    if (found === null) return said('maybe', `${endText(outcome.code)}: ${outcome.stderr}`);
    if ('no' in found) return said('none', found.no);
    const after = await status(host, target.name);
    if (after.kind !== 'unknown' && after.value.state === 'stopped') return said('done', found.to, found);
    return said('maybe', `${found.to}; ${target.name} was started meanwhile, or nobody can tell`, found);
  }

  async function removeAside(target: HostTarget, directory: string): Promise<Reply> {
    const reply = replyingSince(clock);
    const template = commands?.removeAside ?? null;
    const host = target.kind === 'member' ? hostNamed(cluster, target) : undefined;
    if (template === null || host === undefined || !isAsideName(directory))
      return reply('none', `no removeAside command of ${target.name}, or no name of what lies aside; nothing was run`);
    const now = await status(host, target.name);
    if (now.kind === 'unknown') return reply('none', `${now.reason}; nothing was run`);
    const argv = fillIn(template, { name: host, directory });
    const outcome = await runCommand(argv, { deadlineMs: REMOVAL_DEADLINE_MS, hidden });
    if (outcome.kind === 'fault') return reply(outcome.started ? 'maybe' : 'none', outcome.fault.why);
    const found = outcome.code === 0 ? removedFrom(outcome.stdout.toString('utf8').split('\n')) : null;
    if (found === null) return reply('maybe', `${endText(outcome.code)}: ${outcome.stderr}`);
    return 'no' in found ? reply('none', found.no) : reply('done', found.removed);
  }

  return { moveAside, removeAside };
}
