import type { Channel } from '../model/channel.js';
import {
  fresh,
  freshValue,
  isSilent,
  lastValue,
  notConfigured,
  unknown,
  type Reading,
  type Unknown,
} from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import type { Finding } from '../model/problem.js';
import { machineAdvice, WITHOUT_HOST, WITHOUT_POWER } from './machine-faults.js';
import { cannotTell, says, seen, type Assess } from './finding.js';

/** A part of the configuration by which we see and act, and what is lost without it. */
interface Part {
  readonly part: 'postgres' | 'hosts' | 'power' | 'tags' | 'patroni.auth';
  readonly channel: Channel;
  readonly what: string;
  readonly disables: string;
  readonly of: (member: MemberView, view: ClusterView) => Reading<unknown>;
  /** An answer about another machine is told here and nowhere else, and what is wrong is ours to put right. */
  readonly isMachine?: true;
  /** The rest of the member is fine, so that its silence is the channel's own. */
  readonly isElseFine: (member: MemberView) => boolean;
}

const apiRuns = ({ api }: MemberView): boolean => freshValue(api)?.state === 'running';
const answers = ({ api, sql }: MemberView): boolean => freshValue(api) !== null || freshValue(sql) !== null;

const PARTS: readonly Part[] = [
  {
    part: 'postgres',
    channel: 'sql',
    what: 'SQL',
    disables: 'expedite-failover, fence-member, fence-leader and the cancelling of queries',
    of: ({ sql }) => sql,
    isElseFine: apiRuns,
  },
  {
    part: 'hosts',
    channel: 'host',
    what: 'the host driver',
    disables: WITHOUT_HOST,
    isMachine: true,
    of: ({ host }) => host,
    isElseFine: answers,
  },
  {
    part: 'power',
    channel: 'host',
    what: 'what cuts its power',
    disables: WITHOUT_POWER,
    isMachine: true,
    of: ({ power }, { atMs }) => power ?? notConfigured('power', atMs),
    isElseFine: answers,
  },
  {
    part: 'tags',
    channel: 'self',
    what: 'the file of tags',
    disables: 'drain-replica by tag',
    of: ({ fileTag }) => fileTag,
    isElseFine: apiRuns,
  },
  {
    part: 'patroni.auth',
    channel: 'api',
    what: 'changes through Patroni',
    disables: 'restart-member, reinitialize-replica, drain by tag, failover and switchover',
    of: loginOf,
    isElseFine: ({ api }) => freshValue(api) !== null,
  },
];

/** A member that has not been asked yet, or has not answered, says nothing. */
function loginOf({ name }: MemberView, { writeAccess, atMs }: ClusterView): Reading<unknown> {
  const row = writeAccess === undefined ? undefined : lastValue(writeAccess)?.[name];
  if (row?.isRefused == null) return notConfigured('patroni.auth', atMs);
  return row.isRefused ? unknown('denied', row.why, atMs, 'patroni.auth') : fresh('granted', atMs, 'patroni.auth');
}

/** It was asked, and gave nothing that can be used: silence, a refusal, nonsense. */
const isBad = (reading: Reading<unknown>, isMachine = false): reading is Unknown =>
  reading.kind === 'unknown' &&
  (isSilent(reading) ||
    ['denied', 'http-status', 'bad-reply'].includes(reading.fault) ||
    (isMachine && reading.fault === 'wrong-scope'));

/**
 * A channel that is configured and gives no answer while the rest of the same member is fine: we see less and may do less, and nothing else
 * tells. All members at once for one cause (a monitoring password that was rotated) are one problem.
 */
export const assessChannels: Assess = ({ view }) => [
  ...PARTS.flatMap((part) => ofPart(view, part)),
  ...ofProxy(view),
  ...ofPoolers(view),
];

function ofPart(view: ClusterView, row: Part): readonly Finding[] {
  const { part, channel, what, disables, of, isElseFine } = row;
  const told = (reading: Unknown): string =>
    part === 'hosts' || part === 'power'
      ? `${wordsFor(reading)}${machineAdvice(part, reading.fault)}`
      : wordsFor(reading);
  const asked = view.members.filter((member) => !isOff(of(member, view)));
  const bad = asked.flatMap((member) => {
    const reading = of(member, view);
    return isBad(reading, row.isMachine) && isElseFine(member) ? [{ name: member.name, reading }] : [];
  });
  const [first] = bad;
  if (first === undefined) return [];
  const isOneCause =
    bad.length > 1 && bad.length === asked.length && bad.every(({ reading }) => reading.fault === first.reading.fault);
  if (isOneCause) {
    const names = bad.map(({ name }) => name).join(', ');
    return [
      found(
        view,
        part,
        channel,
        `${what} of ${names}: ${told(first.reading)}; without it no ${disables}`,
        first.reading,
      ),
    ];
  }
  return bad.map(({ name, reading }) =>
    found(
      view,
      `${name} ${part}`,
      channel,
      `${what} of ${name}: ${told(reading)}; without it no ${disables} there`,
      reading,
    ),
  );
}

const isOff = (reading: Reading<unknown>): boolean => reading.kind === 'unknown' && reading.fault === 'not-configured';

const found = (view: ClusterView, subject: string, channel: Channel, text: string, { fault }: Unknown): Finding =>
  seen('channel-silent', subject, [says(channel, text, view.atMs)], { fault });

function ofProxy(view: ClusterView): readonly Finding[] {
  return view.proxies.flatMap(({ name, seen: reading }) => {
    if (reading.kind === 'stale') return [cannotTell('channel-silent', name, 'its answer is late', view.atMs)];
    if (!isBad(reading)) return [];
    const which = view.proxies.length > 1 ? `HAProxy ${name}` : 'HAProxy';
    const text = `${which}: ${wordsFor(reading)}; without it no drain by proxy and no proxy-nudge`;
    return [found(view, name, 'proxy', view.proxies.length > 1 ? `${text} there` : text, reading)];
  });
}

function ofPoolers({ poolers = [], atMs }: ClusterView): readonly Finding[] {
  return poolers.flatMap(({ name, seen: reading }) => {
    if (reading.kind === 'stale') return [cannotTell('channel-silent', `pooler ${name}`, 'its answer is late', atMs)];
    if (!isBad(reading)) return [];
    const text = `pooler ${name}: ${wordsFor(reading)}; without it its clients are not held around a switchover`;
    return [seen('channel-silent', `pooler ${name}`, [says('pooler', text, atMs)], { fault: reading.fault })];
  });
}

/** What a person is to look at first. The reason is the adapter's and names the other end. */
function wordsFor({ fault, reason }: Unknown): string {
  if (fault === 'denied') return `it refuses us: password, certificate or permission (${reason})`;
  if (fault === 'timeout') return `no answer in time (${reason})`;
  return reason;
}
