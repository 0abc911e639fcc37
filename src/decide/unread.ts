import { freshValue, recentValue, type Reading } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';

/** What is not configured is nobody's answer to wait for. */
const isAsked = (reading: Reading<unknown>): boolean =>
  !(reading.kind === 'unknown' && reading.fault === 'not-configured');

/** Who is proven to be stopped has no API and no SQL to answer; its host driver is asked less often than there are passes. */
function unreadOf({ name, host, api, sql }: MemberView): readonly string[] {
  const status = recentValue(host);
  if (status?.state === 'stopped') return [];
  return [
    ...(status === null && isAsked(host) ? [`the host driver of ${name}`] : []),
    ...(freshValue(api) === null && isAsked(api) ? [`Patroni on ${name}`] : []),
    ...(freshValue(sql) === null && isAsked(sql) ? [`SQL of ${name}`] : []),
  ];
}

/** What gave no answer in this pass by which it is told what is left of a procedure, in words; empty: all of it did. */
export const unreadIn = ({ dcs, proxies, members }: ClusterView): readonly string[] => [
  ...(freshValue(dcs.keys) === null ? ['etcd'] : []),
  ...proxies.filter(({ seen }) => freshValue(seen) === null && isAsked(seen)).map(({ name }) => `proxy ${name}`),
  ...members.flatMap(unreadOf),
];
