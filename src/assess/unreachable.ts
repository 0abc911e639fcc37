import type { Finding } from '../model/problem.js';
import { freshValue, isSilent, type Reading } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { runOf } from '../model/power.js';
import { says, seen, type Assessment } from './finding.js';
import { isFullySilent } from './leader.js';
import { livesByOthers } from './living.js';

/** How a member stands that does not answer us in full: alive by others' word, or else dead as far as anybody can tell. */
export type Unheard = { readonly kind: 'alive'; readonly finding: Finding } | { readonly kind: 'dead' };

/**
 * Null: its API answers, or nobody can say that it was asked. The key of one that has just died stays for `ttl`: the problem's grace is
 * longer than that.
 */
export function unheard({ view }: Assessment, member: MemberView): Unheard | null {
  if (!isSilent(member.api)) return null;
  const hasSql = freshValue(member.sql) !== null;
  if (!hasSql && !isFullySilent(member)) return null;
  const signs = livesByOthers(view, member);
  if (signs.length === 0) return { kind: 'dead' };
  const reason = member.api.kind === 'unknown' ? member.api.reason : '';
  const evidence = [
    ...signs,
    says('api', `API of ${member.name}: ${reason}`, view.atMs),
    ...(isSilent(member.sql) ? [says('sql', `PostgreSQL on ${member.name} does not answer`, view.atMs)] : []),
  ];
  return { kind: 'alive', finding: seen('member-unreachable', member.name, evidence, { sqlAnswers: hasSql }) };
}

/** Nobody says anything: no member by any channel, its host driver neither, and etcd gave no keys. */
export const isNothingRead = ({ dcs, members }: ClusterView): boolean =>
  dcs.keys.kind === 'unknown' &&
  members.every(({ api, sql, host }) => [api, sql, host].every(({ kind }) => kind === 'unknown'));

/** Whoever turns our login away, or answers nonsense, has answered. */
const hasNoAnswer = (reading: Reading<unknown>): boolean =>
  isSilent(reading) ||
  (reading.kind === 'unknown' && (reading.fault === 'not-configured' || reading.fault === 'not-read-yet'));

const addressesOf = (view: ClusterView): readonly Reading<unknown>[] => [
  ...view.members.flatMap(({ api, sql }) => [api, sql]),
  ...view.dcs.endpoints.map(({ status }) => status),
  ...view.proxies.map(({ seen: told }) => told),
  ...(view.poolers ?? []).map(({ seen: told }) => told),
];

/**
 * Nothing of the cluster is reached from here: no address of a member, of etcd, of a proxy or of a pooler answers, and no host driver and no power
 * knows anything of members and of etcd.
 */
export const isUnreached = (view: ClusterView): boolean =>
  isNothingRead(view) &&
  view.members.every((member) => runOf(member).kind === 'unknown') &&
  view.dcs.endpoints.every(({ host }) => host.kind === 'unknown') &&
  addressesOf(view).every(hasNoAnswer);

/** The same, and no machine has refused us a connection, which would prove that the way to it is there: it may be nothing but our way. */
export const isWayLost = (view: ClusterView): boolean =>
  isUnreached(view) &&
  addressesOf(view).every((told) => told.kind !== 'unknown' || (told.fault !== 'refused' && told.fault !== 'closed'));

/** The one cause of all that is seen then. */
export const NO_ADDRESS_ANSWERS =
  'No address answers: everything is down, the addresses in ekimi.yaml are wrong, or there is no way from here to the cluster.';
