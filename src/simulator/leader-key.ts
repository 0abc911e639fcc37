import { type Reply, type Step } from '../model/plan.js';
import { stepText } from '../words/request.js';
import type { TenureGrant } from '../ports/dcs.js';
import { dropLeaderKey } from './etcd.js';
import { sentBy, type Sight } from './wire.js';

/** The compare-and-delete as etcd would do it: key, revision, configuration and our tenure in one look. */
export function deleteLeaderKey(sight: Sight, step: Extract<Step, { port: 'dcs' }>, grant: TenureGrant): Reply {
  const { world, requests, observer } = sight;
  const { etcd } = world;
  requests.push({ atMs: world.time.nowMs, port: 'dcs', text: stepText(step), ...sentBy(observer.name) });
  const reply = (effect: Reply['effect'], text: string): Reply => ({ effect, status: null, text, tookMs: 0 });
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
