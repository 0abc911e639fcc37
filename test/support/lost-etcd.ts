import { testPolicy } from './policy.js';
import { rig, type Rig, type RigOptions } from './simulated.js';
import { recoveryParts } from './staged.js';

const APPROVE = { mode: 'approve' as const };

/** What `reseed-dcs` needs, and nothing else. */
export const RESEED_POLICY = testPolicy(
  {},
  {
    'start-first': APPROVE,
    'start-store': APPROVE,
    'start-member': APPROVE,
    'stop-without-etcd': APPROVE,
    'move-store-aside': APPROVE,
  },
);
export const RESEED = { name: 'reseed-dcs', reason: 'the volumes are gone' } as const;
export const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
export const ETCDS = ['etcd1', 'etcd2', 'etcd3'];

/** What the host driver was asked to start or to stop, in that order. */
export const did = (ekimi: Rig, verb: 'start' | 'stop'): readonly string[] =>
  ekimi.requests().flatMap((text) => new RegExp(`^host ${verb} (\\S+)`).exec(text)?.[1] ?? []);

/** The members run and are led by nobody: these etcd members lost their data, and the others are stopped. patroni3 is behind. */
export async function lostEtcd(names: readonly string[] = ETCDS, options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy: RESEED_POLICY, recovery: recoveryParts(), ...options });
  await ekimi.run(10);
  // It is behind, and stays so.
  ekimi.cluster.cutLink('patroni1', 'patroni3');
  await ekimi.run(15);
  ekimi.cluster.stopEtcd(3);
  for (const name of names) ekimi.cluster.loseEtcdData(name);
  await ekimi.run(30);
  return ekimi;
}
