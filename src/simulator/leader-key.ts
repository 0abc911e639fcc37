import { type Reply, type Step } from '../model/plan.js';
import { stepText } from '../words/request.js';
import type { TenureGrant } from '../ports/dcs.js';
import { dropLeaderKey, patchConfig } from './etcd.js';
import { sentBy, type Sight } from './wire.js';

const reply = (effect: Reply['effect'], text: string): Reply => ({ effect, status: null, text, tookMs: 0 });

/** One transaction of ours, as etcd would carry it out. */
export function writeKeys(sight: Sight, step: Extract<Step, { port: 'dcs' }>, grant: TenureGrant): Reply {
  const { world, requests, observer } = sight;
  requests.push({ atMs: world.time.nowMs, port: 'dcs', text: stepText(step), ...sentBy(observer.name) });
  return step.call === 'delete-leader-key' ? deleteLeaderKey(sight, step, grant) : writeConfigKey(sight, step, grant);
}

function writeConfigKey({ world }: Sight, step: Extract<Step, { call: 'write-config' }>, grant: TenureGrant): Reply {
  const { etcd } = world;
  if (String(etcd.configRevision) !== step.configRevision || etcd.tenure?.epoch !== grant.epoch)
    return reply('none', `not written: the configuration is at mod revision ${etcd.configRevision}`);
  if (etcd.configBroken !== null) return reply('none', `not written: ${etcd.configBroken}`);
  patchConfig(world, step.patch);
  return { ...reply('done', 'written'), revision: String(etcd.configRevision) };
}

/** The compare-and-delete as etcd would do it: key, revision, configuration and our tenure in one look. */
function deleteLeaderKey(sight: Sight, step: Extract<Step, { call: 'delete-leader-key' }>, grant: TenureGrant): Reply {
  const { world } = sight;
  const { etcd } = world;
  if (etcd.leader === null) return reply('done', 'the leader key is gone');
  const matches =
    etcd.leader.holder === step.holder &&
    String(etcd.leader.modRevision) === step.modRevision &&
    (step.configRevision === undefined || step.configRevision === String(etcd.configRevision));
  if (!matches || etcd.tenure?.epoch !== grant.epoch)
    return reply('none', `not deleted: the key is ${etcd.leader.holder}'s at mod revision ${etcd.leader.modRevision}`);
  dropLeaderKey(world, 'it was deleted on proof of death');
  return reply('done', `the leader key of ${step.holder} is deleted`);
}
