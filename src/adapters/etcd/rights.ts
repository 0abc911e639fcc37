import { CompareResult, CompareTarget } from 'etcd3';
import type { RightSeen } from '../../model/rights.js';
import { fresh, unknown, type Reading } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { Call, Endpoints } from './endpoints.js';
import { range } from './switches.js';

/** etcd's own last revision: no key can ever have it, so what stands under this condition is never carried out. */
const NEVER = '9223372036854775807';

type Request = { readonly request_put: object } | { readonly request_delete_range: object };

/**
 * What etcd lets us do. It judges a transaction as a whole, both of its branches, before it looks at the condition: a request under one that
 * cannot hold is answered as it would be in earnest, and changes nothing, not even the revision. [etcd 3.4 to 3.6, apply_auth.go: checkTxnAuth]
 */
export async function rightsInEtcd(
  endpoints: Endpoints,
  paths: { readonly theirs: string; readonly ours: string; readonly old: string | null },
  clock: Clock,
): Promise<readonly RightSeen[]> {
  const asked = async (call: Call<unknown>): Promise<Reading<'granted'>> => {
    const answer = await endpoints.ask(call);
    return answer.ok
      ? fresh('granted', clock.now(), 'etcd')
      : unknown(answer.fault, `etcd: ${answer.why}`, clock.now(), 'etcd');
  };
  const never =
    (at: string, request: Request): Call<unknown> =>
    async (client, by) => {
      const mine = { key: Buffer.from(at), target: CompareTarget.Mod, result: CompareResult.Equal };
      return await client.kv.txn({ compare: [{ ...mine, mod_revision: NEVER }], success: [request] }, by);
    };
  const read =
    (prefix: string): Call<unknown> =>
    (client, by) =>
      client.kv.range({ ...range(prefix), count_only: true }, by);
  const { theirs, ours, old } = paths;
  const tenure = `${ours}tenure`;
  const leader = `${theirs}leader`;
  const config = `${theirs}config`;
  const [readsTheirs, readsOurs, writesOurs, deletesLeader, writesConfig, readsOld] = await Promise.all([
    asked(read(theirs)),
    asked(read(ours)),
    asked(never(tenure, { request_put: { key: Buffer.from(tenure), value: Buffer.from('') } })),
    asked(never(leader, { request_delete_range: { key: Buffer.from(leader) } })),
    asked(never(config, { request_put: { key: Buffer.from(config), value: Buffer.from('') } })),
    old === null ? null : asked(read(old)),
  ]);
  return [
    { right: 'etcd-read', seen: readsTheirs },
    { right: 'etcd-ours', seen: readsOurs.kind === 'unknown' ? readsOurs : writesOurs },
    { right: 'etcd-leader-key', seen: deletesLeader },
    { right: 'etcd-config-key', seen: writesConfig },
    ...(readsOld === null ? [] : [{ right: 'etcd-old-path', seen: readsOld } as const]),
  ];
}
