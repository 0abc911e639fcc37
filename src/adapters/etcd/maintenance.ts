import { AlarmAction, AlarmType, type Etcd3 } from 'etcd3';
import type { Reply, Step } from '../../model/plan.js';
import { replyingSince } from '../reply.js';
import type { Endpoint, Endpoints, Limit } from './endpoints.js';
import { faultOf } from './faults.js';

type MaintenanceStep = Extract<Step, { port: 'store' }>;

/** A compaction waits until what is compacted is gone from the file: some seconds a gigabyte. */
const COMPACTS_MS = 30_000;
const DISARMS_MS = 5_000;

/**
 * Asked of one member, once. Each of these may be asked again: a revision that is compacted already and an alarm that is disarmed already are
 * said to be so, which is `done`. `none` only where etcd itself refused.
 */
export async function maintain(endpoints: Endpoints, step: MaintenanceStep, monotonic: () => number): Promise<Reply> {
  const reply = replyingSince({ monotonic });
  const endpoint = endpoints.all.find(({ name }) => name === step.endpoint);
  if (endpoint === undefined) return reply('none', `${step.endpoint} is no endpoint of dcs.hosts`);
  try {
    await CALLS[step.call](endpoint, step, endpoints);
    return reply('done', `${step.call}: done`);
  } catch (error) {
    const { fault, why } = faultOf(error);
    if (step.call === 'compact' && /has been compacted/.test(String(error))) return reply('done', 'compacted already');
    return reply(fault === 'denied' || fault === 'refused' ? 'none' : 'maybe', `${step.endpoint}: ${why}`);
  }
}

type Calling = (endpoint: Endpoint, step: MaintenanceStep, endpoints: Endpoints) => Promise<unknown>;

const CALLS: Readonly<Record<MaintenanceStep['call'], Calling>> = {
  compact: (endpoint, step, endpoints) => {
    const revision = step.call === 'compact' ? step.revision : '0';
    return endpoint.call(
      (client, by) => client.kv.compact({ revision, physical: true }, by),
      limitOf(endpoints, COMPACTS_MS),
    );
  },
  defragment: (endpoint, step, endpoints) =>
    endpoint.call(
      (client, by) => client.maintenance.defragment(by),
      limitOf(endpoints, step.call === 'defragment' ? step.withinMs : 0),
    ),
  disarm: (endpoint, _, endpoints) => endpoint.call(disarmed, limitOf(endpoints, DISARMS_MS)),
};

const limitOf = (endpoints: Endpoints, ms: number): Limit => endpoints.limit(ms);

/** An alarm is raised by each member for itself, and disarmed so. */
async function disarmed(client: Etcd3, by: Limit): Promise<void> {
  const { alarms } = await client.maintenance.alarm({ action: AlarmAction.Get }, by);
  for (const { memberID, alarm } of alarms)
    if (alarm.toUpperCase() === 'NOSPACE')
      await client.maintenance.alarm({ action: AlarmAction.Deactivate, memberID, alarm: AlarmType.Nospace }, by);
}
