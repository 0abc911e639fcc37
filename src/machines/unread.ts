import { leaderKeyHolder } from '../assess/leader.js';
import type { Channel } from '../model/channel.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { isSilent, recentValue, type Reading } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';

type Sight = Pick<Problem, 'code' | 'subject' | 'evidence'>;

/**
 * Did this pass read what the problem was last seen by? If not, it neither persists nor ends: a source that is slower than a pass, or that
 * did not answer in time, says nothing of it, least of all that it is gone. Silence is an answer of its own and is for the assessors.
 */
export function isUnread(view: ClusterView, problem: Sight): boolean {
  if (OVER[problem.code]?.(view, problem.subject) === true) return false;
  if (SLOW[problem.code]?.(view, problem.subject) === true) return true;
  const channels = new Set(problem.evidence.map(({ channel }) => channel));
  return (
    [...channels].some((channel) => READ_BY[channel](view, problem.subject).some(isLate)) ||
    concerned(view, problem.subject).some(({ api, sql }) => isLate(api) || isLate(sql))
  );
}

/** Most of what is said of a member is said by itself or held against the leader, whichever channel speaks for it in the end. */
const concerned = (view: ClusterView, subject: string): readonly MemberView[] => {
  const holder = leaderKeyHolder(view);
  return view.members.filter(({ name }) => name === subject || name === holder);
};

/** What is assessed by its last value, while that is recent. */
const SLOW: Partial<Record<ProblemCode, (view: ClusterView, subject: string) => boolean>> = {
  // An alarm is raised or it is not: an etcd that does not say which has not lowered it.
  'dcs-alarm': ({ dcs }) => recentValue(dcs.alarms) === null,
  // Its silence is what there is to see.
  'dcs-member-down': ({ dcs }, subject) =>
    dcs.endpoints.some(
      ({ name, status }) =>
        name === subject && recentValue(status) === null && (status.kind === 'stale' || isLate(status)),
    ),
};

/** What ends it was read, whatever else was not. */
const OVER: Partial<Record<ProblemCode, (view: ClusterView, subject: string) => boolean>> = {
  'leader-unreachable': ({ members }, subject) =>
    members.some(
      ({ name, api, sql, power }) =>
        name === subject &&
        (api.kind === 'fresh' || sql.kind === 'fresh' || (power?.kind === 'fresh' && !power.value.isOn)),
    ),
};

type Readings = readonly Reading<unknown>[];

const of = ({ members }: ClusterView, subject: string, field: 'api' | 'sql' | 'host'): Readings => {
  const one = members.filter((member) => member.name === subject);
  return (one.length > 0 ? one : members).map((member) => member[field]);
};

/** Where a driver is silent with its machine, power speaks for it. */
const powerInItsPlace = ({ members }: ClusterView, subject: string): Readings =>
  members.flatMap(({ name, api, host, power }) =>
    name === subject && isSilent(host) && isSilent(api) && power !== undefined ? [power] : [],
  );

/** Of one proxy where it or a pool of it is the subject, else all: any of them may be where it was seen. */
const proxiesOf = ({ proxies }: ClusterView, subject: string): Readings => {
  const one = proxies.filter(({ name }) => subject === name || subject.startsWith(`${name}:`));
  return (one.length > 0 ? one : proxies).map(({ seen }) => seen);
};

const READ_BY: Readonly<Record<Channel, (view: ClusterView, subject: string) => Readings>> = {
  api: (view, subject) => of(view, subject, 'api'),
  sql: (view, subject) => of(view, subject, 'sql'),
  host: (view, subject) =>
    view.dcs.endpoints.some(({ name }) => name === subject)
      ? []
      : [...of(view, subject, 'host'), ...powerInItsPlace(view, subject)],
  peers: (view, subject) => othersOf(view, subject).flatMap(({ api, sql }) => [api, sql]),
  proxy: proxiesOf,
  pooler: ({ poolers = [] }, subject) =>
    poolers.filter(({ name }) => subject === name || subject === `pooler ${name}`).map(({ seen }) => seen),
  dcs: ({ dcs }) => [dcs.keys],
  self: () => [],
};

const othersOf = (view: ClusterView, subject: string): readonly MemberView[] =>
  memberOf(view, subject) === null ? view.members : view.members.filter(({ name }) => name !== subject);

const isLate = (reading: Reading<unknown>): boolean =>
  reading.kind === 'stale' || (reading.kind === 'unknown' && reading.fault === 'not-read-yet');
