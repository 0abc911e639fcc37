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

/** What one endpoint says of itself. Throws what gRPC throws where it does not answer. */
export async function statusOf(endpoint: Endpoint, { key, quotaBytes }: Asked, limit: Limit): Promise<DcsEndpoint> {
  try {
    const status = await endpoint.status(limit);
    return {
      name: endpoint.name,
      url: endpoint.url,
      healthy: status.leader !== '0' && status.errors.every(isAlarm),
      isLeader: status.leader !== '0' && status.leader === status.header.member_id,
      raftTerm: status.raftTerm,
      dbSizeBytes: Number(status.dbSize),
      usedBytes: Number(status.dbSizeInUse),
      version: status.version,
      memberId: hex(status.header.member_id),
      quotaBytes: quotaBytes ?? DEFAULT_QUOTA_BYTES,
    };
  } catch (error) {
    if (!isOwnRefusal(error)) throw error;
    return await servedBy(endpoint, key, limit);
  }
}

/** Does it know a leader of its cluster? Throws where it does not answer. */
export async function knowsLeader(endpoint: Endpoint, { key }: Asked, limit: Limit): Promise<boolean> {
  try {
    return (await endpoint.status(limit)).leader !== '0';
  } catch (error) {
    if (!isOwnRefusal(error)) throw error;
    return (await servedBy(endpoint, key, limit)).healthy;
  }
}

/**
 * What it tells to a read from its own store, where etcd keeps its status to root: who it is, that it lives, and that it knows a leader, as
 * `status.leader` says. [etcd from 3.5.28 and 3.6 on, issue 21663]
 */
async function servedBy(endpoint: Endpoint, key: string, limit: Limit): Promise<DcsEndpoint> {
  const request = { key: Buffer.from(key), serializable: true, count_only: true };
  const read = (options: GrpcOptions) =>
    endpoint.call((client, by) => client.kv.range(request, { ...by, ...options }), limit);
  const { header, healthy } = await read(OF_A_LEADER).then(
    (answer) => ({ header: answer.header, healthy: true }),
    async (error: unknown) => {
      if (faultOf(error).fault !== 'no-quorum') throw error;
      return { header: (await read({})).header, healthy: false };
    },
  );
  return {
    name: endpoint.name,
    url: endpoint.url,
    healthy,
    isLeader: false,
    raftTerm: header.raft_term,
    dbSizeBytes: null,
    version: null,
    memberId: hex(header.member_id),
  };
}
