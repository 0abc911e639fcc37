import type { ControlData } from '../model/control.js';
import { bytesBetween, furthest, memberName, parseLsn, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { bytesText } from '../words/amounts.js';
import { isRetired } from './intended.js';

/** Who is started first where nothing runs, since whoever leads first decides what data survives. */
export type FirstToStart =
  /** It holds all that any of the others does, by proof. */
  | { readonly kind: 'proven'; readonly name: string; readonly why: string }
  /** By all that can be read; a person has to say that it may. */
  | { readonly kind: 'doubtful'; readonly name: string; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

interface Directory extends ControlData {
  readonly name: string;
  /** It is known to have WAL up to here, by its control file or by what was last seen of it. */
  readonly known: Lsn;
}

/** The record of a shutdown lies behind the position that the control file of its primary has. */
const SHUTDOWN_RECORD_BYTES = 1024;

const none = (why: string): FirstToStart => ({ kind: 'none', why });

/**
 * The most advanced data directory: of the highest timeline the one that took writes there, since no replica has what its primary had not
 * written; where that one was made a replica before the end, the last leader. `wanted`: whom a person names.
 */
export function firstToStart(view: ClusterView, memory: Memory, wanted: string | null): FirstToStart {
  const { control } = view;
  if (control === undefined)
    return none('control files are read only while the host driver says that nothing runs on any member');
  const names = Object.keys(control).filter((name) => !isRetired(view, { name: memberName(name) }));
  const unread = names.filter((name) => freshValue(control[name] ?? NOT_READ) === null);
  const read = names.flatMap((name) => directoryOf(view, memory, name));
  const broken = ofOneSystem(read, memory) ?? asHighAsSeen(read, memory);
  if (broken !== null) return none(broken);
  const top = highestOf(read);
  const on = read.filter(({ timeline }) => timeline === top);
  const found = choose(on, memory);
  if (found.kind === 'none') return found;
  const refused = wanted === null || wanted === found.name ? null : whyNot(wanted, found, on);
  if (refused !== null) return none(refused);
  const doubts = unread.map((name) => `the data directory of ${name} cannot be read and may hold more`);
  doubts.push(...notSeenToFollow(read, found.name, top, memory));
  if (wanted !== null && wanted !== found.name) doubts.push(`${found.name} is as far by all that can be read`);
  const name = wanted ?? found.name;
  if (doubts.length === 0) return found;
  return { kind: 'doubtful', name, why: [...doubts, found.why].join('; ') };
}

const NOT_READ = { kind: 'unknown', fault: 'not-read-yet', reason: '', atMs: 0, source: '' } as const;

const highestOf = (read: readonly Directory[]): number => Math.max(...read.map(({ timeline }) => timeline));

function directoryOf({ control }: ClusterView, memory: Memory, name: string): readonly Directory[] {
  const data = freshValue(control?.[name] ?? NOT_READ);
  const lsn = data === null ? null : parseLsn(data.lsn);
  if (data === null || lsn === null) return [];
  const seen = memory.positions[name];
  const known = furthest(lsn, seen?.timeline === data.timeline ? parseLsn(seen.lsn) : null) ?? lsn;
  return [{ ...data, name, known }];
}

function ofOneSystem(read: readonly Directory[], memory: Memory): string | null {
  const [first] = read;
  if (first === undefined) return 'the data directory of no member can be read';
  const ours = memory.systemIdentifier ?? first.systemIdentifier;
  const strange = read.find(({ systemIdentifier }) => systemIdentifier !== ours);
  return strange === undefined
    ? null
    : `the data directory of ${strange.name} is of another system: its identifier is ${strange.systemIdentifier}, ${memory.systemIdentifier === undefined ? `that of ${first.name}` : 'that of the cluster'} is ${ours}`;
}

/** A timeline that was seen and that no directory has: the newest data is elsewhere, or was replaced by older. */
function asHighAsSeen(read: readonly Directory[], memory: Memory): string | null {
  const top = highestOf(read);
  const newer = Object.entries(memory.positions).find(([, { timeline }]) => timeline > top);
  return newer === undefined
    ? null
    : `${newer[0]} was last seen on timeline ${newer[1].timeline}, and no data directory that can be read is on it: the highest is ${top}`;
}

function choose(on: readonly Directory[], memory: Memory): FirstToStart {
  const primaries = on.filter(({ wasPrimary }) => wasPrimary);
  const [primary, second] = primaries;
  if (primary !== undefined && second !== undefined)
    return none(
      `${primary.name} and ${second.name} both took writes on timeline ${primary.timeline}: look what each holds, and decide by hand`,
    );
  return primary === undefined ? ofReplicas(on, memory) : ofPrimary(primary, on);
}

/** What its replicas have came from it. If one has more than it was shut down with, it is an older copy of itself. */
function ofPrimary(primary: Directory, on: readonly Directory[]): FirstToStart {
  const { name, timeline, state } = primary;
  const ahead = on.find((row) => primary.isClean && bytesBetween(row.known, primary.known) > SHUTDOWN_RECORD_BYTES);
  if (ahead !== undefined)
    return none(
      `${ahead.name} is ${bytesText(bytesBetween(ahead.known, primary.known))} past the position at which ${name} was shut down as the primary of timeline ${timeline}: the directory of ${name} is an older copy`,
    );
  return {
    kind: 'proven',
    name,
    why: `${name} took the writes of timeline ${timeline}, the highest that any has (${state}, WAL up to ${primary.lsn} at least)`,
  };
}

/** A leader that Patroni made a replica before it was stopped looks like the others; received WAL that was not replayed is seen by nobody. */
function ofReplicas(on: readonly Directory[], memory: Memory): FirstToStart {
  const { lastLeader } = memory;
  const leadsFirst = ({ name }: Directory): number => (name === lastLeader ? 0 : 1);
  const [most] = [...on].sort(
    (one, other) =>
      Number(other.known > one.known) - Number(one.known > other.known) ||
      leadsFirst(one) - leadsFirst(other) ||
      (one.name < other.name ? -1 : 1),
  );
  if (most === undefined) return none('the data directory of no member can be read');
  const { name, timeline, lsn } = most;
  const has = `${name} is on timeline ${timeline}, the highest that any has, with WAL up to ${lsn} at least`;
  if (name === lastLeader && memory.positions[name]?.timeline === timeline)
    return { kind: 'proven', name, why: `${has}; it led last` };
  return {
    kind: 'doubtful',
    name,
    why: `${has}; no directory is that of a primary of that timeline, and what a replica received without replaying it is not told`,
  };
}

/**
 * A higher timeline says who was promoted last, and not that it had what others held: a replica that lagged may have been promoted by hand.
 * Where it forked is on no control file, so whoever took writes below it may hold more, unless the failover between them was seen.
 */
function notSeenToFollow(
  read: readonly Directory[],
  first: string,
  top: number,
  { lastLeader }: Memory,
): readonly string[] {
  if (lastLeader === first) return [];
  return read
    .filter(({ name, timeline, wasPrimary }) => timeline < top && (wasPrimary || name === lastLeader))
    .map(
      ({ name, timeline, lsn }) =>
        `${name} took writes on timeline ${timeline}, with WAL up to ${lsn} at least, and nobody saw ${first} take over from it: ${first} may have been promoted without them`,
    );
}

function whyNot(wanted: string, { name }: { readonly name: string }, on: readonly Directory[]): string | null {
  const [most, asked] = [on.find((row) => row.name === name), on.find((row) => row.name === wanted)];
  if (asked === undefined) return `${wanted} is not known to be on the highest timeline: ${name} is first`;
  const isBehind = most === undefined || most.wasPrimary || most.known > asked.known;
  return isBehind ? `${wanted} has less than ${name}: ${name} is first` : null;
}
