import { isSilent, unknown, type Reading } from '../model/reading.js';
import type { Pass } from './pass.js';
import { CLUSTER_SOURCES, type ClusterReadings, type ClusterSource } from './sources.js';

type Etcd = Pick<ClusterReadings, 'keys' | 'endpoints'>;

/** A linearizable read that takes longer is worth the question which of the endpoints are there at all. */
const LATE_MS = 300;

/** What still may answer once it is known that most endpoints do not. */
const LAST_CALL_MS = 100;

/**
 * The keys are waited for until the call itself gives up, since nothing is done without them; but not where most endpoints refuse: then no
 * majority can answer, and those seconds are what is left to bring etcd back before Patroni gives its leader up.
 */
export async function observeEtcd(
  pass: Pass,
  asked: {
    readonly keys: Promise<Etcd['keys']>;
    /** `last`: what is known so far; absent: what the last pass had. */
    readonly endpoints: (row: ClusterSource<unknown>, last?: Etcd['endpoints']) => Promise<Etcd['endpoints']>;
  },
): Promise<Etcd> {
  const row = CLUSTER_SOURCES.endpoints;
  const first = asked.endpoints(row);
  const late = new AbortController();
  const isLate = pass.ports.clock.sleep(LATE_MS, late.signal).then(() => null);
  const prompt = await Promise.race([asked.keys, isLate]);
  // With a reason: without one Node makes an exception, with its stack.
  late.abort('answered');
  const endpoints = await first;
  if (prompt !== null && prompt.kind !== 'unknown') return { keys: prompt, endpoints };
  const now = isOld(endpoints)
    ? await asked.endpoints({ ...row, calm: 0, suspect: 0, beforeRequest: 'always' }, endpoints)
    : endpoints;
  if (prompt !== null || !refusesMajority(now)) return { keys: await asked.keys, endpoints: now };
  const over = new AbortController();
  const keys = await Promise.race([
    asked.keys,
    pass.ports.clock
      .sleep(LAST_CALL_MS, over.signal)
      .then(() => unknown('no-quorum', 'etcd keys: most etcd endpoints are not there', pass.nowMs, 'etcd keys')),
  ]);
  over.abort('answered');
  return { keys, endpoints: now };
}

const isOld = (endpoints: Reading<unknown>): boolean => endpoints.kind === 'stale';

/**
 * Nothing listens there: a proof, unlike an answer that does not come. But where one that answers calls itself healthy, a majority stands behind it,
 * and it is our way to the others that is refused.
 */
const refusesMajority = (endpoints: Etcd['endpoints']): boolean =>
  endpoints.kind !== 'unknown' &&
  !endpoints.value.some(({ status }) => status.kind === 'fresh' && status.value.healthy) &&
  endpoints.value.filter(({ status }) => isSilent(status) && status.kind === 'unknown' && status.fault === 'refused')
    .length *
    2 >
    endpoints.value.length;
