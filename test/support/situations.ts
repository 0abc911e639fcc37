import type { Policy } from '../../src/model/policy.js';
import { testPolicy } from './policy.js';
import { rig, type Rig, type RigOptions } from './simulated.js';

export const MB = 1024 * 1024;

/** A replica that receives nothing while clients write 30 MB a second: an emergency after four seconds. */
export function lagEmergency({ cluster }: Rig, member = 'patroni3'): void {
  cluster.setLoad(30 * MB);
  cluster.lag(member, 0);
}

/** Clients go quiet and the replica catches up. */
export function caughtUp({ cluster }: Rig, member = 'patroni3'): void {
  cluster.setLoad(64 * 1024);
  cluster.healLag(member);
}

export const DRAIN = 'haproxy> set server postgres_replicas/patroni3 state drain';
export const UNDRAIN = 'haproxy> set server postgres_replicas/patroni3 state ready';

/** Requests that cost a copy or a member's work if they are sent twice or at the wrong one. */
export const destructive = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => / \/(reinitialize|restart|failover|switchover) |^host (stop|kill|restart)/.test(text));

/** A quiet start, as after a long watch; then what the test is about. */
export async function watching(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy: leading(), ...options });
  await ekimi.run(25);
  return ekimi;
}

/** Whatever a person was told, in order. */
export const pagesOf = (ekimi: Rig): readonly string[] =>
  ekimi.notifier.pages.map(({ code, subject }) => `${code}/${subject}`);
export const problemsOf = (ekimi: Rig): readonly string[] =>
  ekimi.session.states.problems.map(({ code, subject }) => `${code}/${subject}`);

/** Everything that moves leadership is automatic too; what a test varies is on top. */
export function leading(
  overrides: Parameters<typeof testPolicy>[0] = {},
  actions: Parameters<typeof testPolicy>[1] = {},
): Policy {
  const auto = { mode: 'auto' as const };
  return testPolicy(overrides, {
    'expedite-failover': { ...auto, timeoutMs: 30_000 },
    'fence-member': { ...auto, timeoutMs: 30_000 },
    'proxy-nudge': { ...auto, cooldownMs: 0 },
    'open-traffic': auto,
    failover: auto,
    ...actions,
  });
}
