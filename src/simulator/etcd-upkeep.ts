import type { Reply, Step } from '../model/plan.js';
import { stepText } from '../words/request.js';
import { send } from './exchange.js';
import { contactOf } from './raft.js';
import { note, type EtcdSim } from './state.js';
import type { Sight } from './wire.js';

/** How long a member writes its file anew, and answers nobody. */
const DEFRAGMENTS_MS = 1_000;

export const sizeOf = ({ dbSizeBytes, defragmented }: EtcdSim, name: string): number =>
  defragmented.get(name) ?? dbSizeBytes;

export const usedOf = (etcd: EtcdSim, name: string): number =>
  etcd.isCompacted ? Math.min(etcd.liveBytes, sizeOf(etcd, name)) : sizeOf(etcd, name);

type Upkeep = Extract<Step, { port: 'store' }>;

/** What etcd makes of it: history goes on every member, a file becomes smaller on one, and an alarm is lowered until the next write. */
export const maintain = (sight: Sight, step: Upkeep): Promise<Reply> =>
  send(
    sight,
    step,
    () =>
      contactOf(sight.world, sight.observer.name, step.endpoint) === 'serves'
        ? null
        : { fault: 'timeout', reason: `${step.endpoint} does not serve` },
    async () => {
      if (step.call === 'defragment') await sight.world.time.block(() => false, DEFRAGMENTS_MS);
      carriedOut(sight, step);
      return { effect: 'done', status: null, text: `${step.call}: done` };
    },
  );

function carriedOut({ world }: Sight, step: Upkeep): void {
  const { etcd } = world;
  if (step.call === 'compact') etcd.isCompacted = true;
  if (step.call === 'defragment') etcd.defragmented.set(step.endpoint, usedOf(etcd, step.endpoint));
  if (step.call === 'disarm') {
    const others = etcd.alarms.filter(({ alarm }) => alarm !== 'NOSPACE');
    const full = [...etcd.endpoints.keys()].find((name) => sizeOf(etcd, name) >= world.options.etcdQuotaBytes);
    etcd.alarms = full === undefined ? others : [...others, { memberId: full, alarm: 'NOSPACE' }];
  }
  note(world, stepText(step));
}
