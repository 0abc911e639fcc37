import type { Etcd3 } from 'etcd3';
import type { DcsEndpoint } from '../../model/dcs.js';
import type { Endpoint, Limit } from './endpoints.js';
import { faultOf, isOwnRefusal } from './faults.js';

/** `key`: one that our role may read. `quotaBytes`: as the configuration tells; null: etcd's own default. */
export interface Asked {
  readonly key: string;
  readonly quotaBytes: number | null;
}

type GrpcOptions = NonNullable<Parameters<Etcd3['kv']['range']>[1]>;

/** Options of a call that etcd refuses at once where it knows no leader; else a read hangs for it, or is answered from a store of yesterday. */
const OF_A_LEADER: Pick<GrpcOptions, 'interceptors'> = {
  interceptors: [
    (options, nextCall) => {
      const call = nextCall(options);
      const start = call.start.bind(call);
      call.start = (metadata, listener) => {
        // It holds the login's token and is shared with other calls.
        const own = metadata.clone();
        own.set('hasleader', 'true');
        start(own, listener);
      };
      // grpc asks for no more than the methods of a call, whatever its types say.
      return call as never;
    },
  ],
};

const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3;

/** As etcdctl prints member ids. */
export const hex = (id: string): string => BigInt(id).toString(16);

/** An alarm of the whole of etcd is among the errors of each member, which serves all the same: `memberID:8640 alarm:NOSPACE `. */
const isAlarm = (error: string): boolean => /\balarm:[A-Z]+/.test(error);

type Status = Awaited<ReturnType<Etcd3['maintenance']['status']>>;

/** What one endpoint says of itself. Throws what gRPC throws where it does not answer. */
export async function statusOf(endpoint: Endpoint, { key, quotaBytes }: Asked, limit: Limit): Promise<DcsEndpoint> {
  const told = await openly(endpoint, key, limit);
  const of = { name: endpoint.name, url: endpoint.url };
  if (told === 'no-leader') return { ...of, ...KEPT, healthy: false, raftTerm: null };
  const status = told === 'kept' ? await withLogin(endpoint, key, limit) : told;
  if (!('leader' in status))
    return { ...of, ...KEPT, healthy: true, raftTerm: status.raft_term, memberId: hex(status.member_id) };
  return {
    ...of,
    healthy: status.leader !== '0' && status.errors.every(isAlarm),
    isLeader: status.leader !== '0' && status.leader === status.header.member_id,
    raftTerm: status.raftTerm,
    dbSizeBytes: Number(status.dbSize),
    usedBytes: Number(status.dbSizeInUse),
    version: status.version,
    memberId: hex(status.header.member_id),
    quotaBytes: quotaBytes ?? DEFAULT_QUOTA_BYTES,
  };
}

/** Does it know a leader of its cluster? Throws where it does not answer. */
export async function knowsLeader(endpoint: Endpoint, { key }: Asked, limit: Limit): Promise<boolean> {
  const told = await openly(endpoint, key, limit);
  return typeof told === 'string' ? told === 'kept' : told.leader !== '0';
}

const KEPT = { isLeader: false, dbSizeBytes: null, version: null } as const;

/**
 * What it tells to anybody: its status, or, where it keeps that to root, whether it knows a leader, which it looks at before it asks who we are.
 * [etcd from 3.5.28 and 3.6 on, issue 21663; v3rpc/interceptor.go]
 */
async function openly(endpoint: Endpoint, key: string, limit: Limit): Promise<Status | 'kept' | 'no-leader'> {
  try {
    return await endpoint.anonymously((client, by) => client.maintenance.status(by), limit);
  } catch (error) {
    if (!isOwnRefusal(error)) throw error;
  }
  try {
    await endpoint.anonymously((client, by) => client.kv.range(rangeOf(key), { ...by, ...OF_A_LEADER }), limit);
  } catch (error) {
    if (faultOf(error).fault === 'no-quorum') return 'no-leader';
    if (!isOwnRefusal(error)) throw error;
  }
  return 'kept';
}

/** The status where we are root; else the head of an answer to a read, which says who it is. */
async function withLogin(endpoint: Endpoint, key: string, limit: Limit): Promise<Status | Status['header']> {
  try {
    return await endpoint.call((client, by) => client.maintenance.status(by), limit);
  } catch (error) {
    if (!isOwnRefusal(error)) throw error;
    return (await endpoint.call((client, by) => client.kv.range(rangeOf(key), by), limit)).header;
  }
}

/** From its own store: no quorum is waited for. */
const rangeOf = (key: string) => ({ key: Buffer.from(key), serializable: true, count_only: true });
