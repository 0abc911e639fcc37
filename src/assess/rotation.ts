import { ownerOf, type ProxyServer } from '../model/proxy.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { linesIn, memberLines, type ProxyLine } from './proxy-lines.js';

/** Who holds a member out of the read pools, as far as can be seen. Whether it was us, only the ledger knows. */
export interface Rotation {
  /** Its lines in the read pools of every proxy that answered; empty: no proxy, no answer, or no such server. */
  readonly lines: readonly ProxyLine[];
  /** Held out by every one of them; null when there is none. */
  readonly drainedByProxy: boolean | null;
  /** The running tag as Patroni has it, which is the file's only after a reload. */
  readonly tagged: boolean | null;
  readonly fileTag: boolean | null;
}

/** Somebody, or something in the proxy's name, keeps everything new away by the administrative state. */
export const isHeld = ({ admin }: ProxyServer): boolean => admin.drain || admin.maint;

export function rotationOf(view: ClusterView, member: MemberView): Rotation {
  const lines = memberLines(view, 'reads', member.name);
  const tags = freshValue(member.api)?.tags ?? null;
  return {
    lines,
    drainedByProxy: lines.length === 0 ? null : lines.every(({ row }) => isHeld(row)),
    tagged: tags === null ? null : tags.noloadbalance,
    fileTag: lastValue(member.fileTag),
  };
}

/**
 * Is the tag there, in force or only in the file? A run that ended between its two steps leaves it in the file, where it counts from the next
 * reload or restart of Patroni on. null: nobody can tell.
 */
export function tagStands(view: ClusterView, { tagged, fileTag }: Rotation): boolean | null {
  if (tagged === true || fileTag === true) return true;
  const isFileKnown = fileTag !== null || !view.actuators.tags;
  return tagged === null || !isFileKnown ? null : false;
}

/** A drain that was broken off between the file and the reload: readers go on reading there, and no other actuator keeps them away. */
export function isHalfDone(rotation: Rotation, actuators: readonly ('proxy' | 'tag')[]): boolean {
  if (!actuators.includes('tag') || rotation.fileTag !== true) return false;
  return rotation.tagged === false && (!actuators.includes('proxy') || rotation.drainedByProxy === false);
}

/** Words of the statistics for a server that is given nothing new, whatever `show servers state` says of its operation. */
const GIVEN_NOTHING = /^(?:DOWN|DRAIN|MAINT|NOLB)/;

/** The one notion of "takes new connections": up, not drained, not in maintenance, its name resolved, and with a weight. */
export const takesNew = ({ up, status, weight, admin }: ProxyServer): boolean =>
  up && !admin.drain && !admin.maint && !admin.resolution && weight !== 0 && !GIVEN_NOTHING.test(status);

/** It goes on with the sessions that it has and takes no new one, by somebody's `health stopping`: the next check that passes ends that. */
export const isStoppedSoftly = ({ up, status, admin }: ProxyServer): boolean =>
  up && status.startsWith('NOLB') && !admin.drain && !admin.maint;

/** A proxy that has pools for reads and, as far as was seen last, routes reads to nobody. */
export function isReadPoolEmpty({ proxies }: ClusterView): boolean {
  return proxies.some((proxy) => {
    const lines = linesIn(proxy, 'reads', lastValue);
    return lines.length > 0 && !lines.some(({ row }) => takesNew(row));
  });
}

/** Up and given nothing: somebody's weight, agent or soft stop, in other words a wish and no trouble. */
export const isHeldOut = (server: ProxyServer): boolean => server.up && !takesNew(server);

/** Whose server it is, or how the proxy calls it where that is not known. */
const nameOf = (row: ProxyServer): string => ownerOf(row) ?? row.server;

/** Who takes new connections in one pool, `except` left aside: backups only while no other server does. */
function servingIn(pool: readonly ProxyServer[], except: string): readonly string[] {
  const others = pool.filter((row) => nameOf(row) !== except && takesNew(row));
  const active = others.filter((row) => row.backup !== true);
  return [...new Set((active.length > 0 ? active : others).map(nameOf))];
}

/** Read pools of the proxies that answered in this pass. */
const readPools = (view: ClusterView): readonly (readonly ProxyServer[])[] =>
  view.proxies.flatMap((proxy) => {
    if (proxy.seen.kind !== 'fresh') return [];
    const rows = linesIn(proxy, 'reads').map(({ row }) => row);
    return proxy.pools.reads.map((backend) => rows.filter((row) => row.backend === backend));
  });

/** For each read pool that has `target`, or for each if none has, who takes new connections there beside it; empty: no proxy answers. */
export function othersServing(view: ClusterView, target: string): readonly (readonly string[])[] {
  const pools = readPools(view);
  const its = pools.filter((pool) => pool.some((row) => nameOf(row) === target));
  return (its.length > 0 ? its : pools).map((pool) => servingIn(pool, target));
}

/** It takes new connections in some read pool: as a backup only where no other server does. */
export const servesReads = (view: ClusterView, member: string): boolean =>
  readPools(view).some((pool) => servingIn(pool, '').includes(member));
