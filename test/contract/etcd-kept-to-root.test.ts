import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import type { DcsPort } from '../../src/ports/dcs.js';
import { clusterConfig } from './etcd-support.js';

/** What this test uses of grpc, which the etcd client brings along. */
interface Grpc {
  readonly Server: new () => {
    addService(service: unknown, methods: object): void;
    bindAsync(address: string, credentials: unknown, bound: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  readonly ServerCredentials: { createInsecure(): unknown };
  loadPackageDefinition(loaded: unknown): { readonly etcdserverpb: Record<string, { readonly service: unknown }> };
}
type Done = (error: { readonly code: number; readonly details: string } | null, value?: object) => void;

const ofClient = createRequire(createRequire(import.meta.url).resolve('etcd3'));
const grpc = ofClient('@grpc/grpc-js') as Grpc;
const loader = ofClient('@grpc/proto-loader') as { loadSync(path: string, options: object): unknown };

const HEADER = { cluster_id: '1', member_id: '594569688485320516', revision: '7', raft_term: '4' };

/**
 * An etcd 3.5.30 with authentication, as it answers a user who is not root: the status is refused, keys are read, and what asks for
 * a leader is refused without one. The words are those of the server.
 */
async function server(): Promise<{ readonly port: number; has: { leader: boolean; answers: boolean }; stop(): void }> {
  const proto = join(import.meta.dirname, '../../node_modules/etcd3/proto/rpc.proto');
  const { KV, Maintenance, Auth } = grpc.loadPackageDefinition(
    loader.loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true }),
  ).etcdserverpb;
  const has = { leader: true, answers: true };
  const made = new grpc.Server();
  const refused = (_call: unknown, done: Done): void => {
    done({ code: 7, details: 'etcdserver: permission denied' });
  };
  made.addService(Maintenance?.service, { Status: refused });
  made.addService(Auth?.service, {
    // A login goes through Raft: without a leader it is never answered.
    Authenticate: (_call: unknown, done: Done) => {
      if (has.leader) done(null, { header: HEADER, token: 'of-ekimi' });
    },
  });
  made.addService(KV?.service, {
    Range: ({ metadata }: { readonly metadata: { get(key: string): unknown[] } }, done: Done) => {
      if (!has.answers) done({ code: 14, details: 'etcdserver: server stopped' });
      else if (!has.leader && metadata.get('hasleader')[0] === 'true')
        done({ code: 14, details: 'etcdserver: no leader' });
      else if (metadata.get('token').length === 0) done({ code: 3, details: 'etcdserver: user name is empty' });
      else done(null, { header: HEADER, kvs: [], more: false, count: '0' });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    made.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, at) => {
      if (error === null) resolve(at);
      else reject(error);
    });
  });
  return {
    port,
    has,
    stop: () => {
      made.forceShutdown();
    },
  };
}

describe('an etcd that keeps its status to root', () => {
  let etcd: Awaited<ReturnType<typeof server>>;
  let port: DcsPort;
  beforeAll(async () => {
    etcd = await server();
    port = open();
  });
  const open = (): DcsPort => {
    const config = clusterConfig({
      hosts: [{ name: 'etcd1', url: `http://127.0.0.1:${etcd.port}` }],
      deadlineMs: 1_500,
    });
    const auth = { username: 'ekimi', password: 'of-ekimi' };
    return etcdAdapter({ ...config, dcs: { ...config.dcs, auth } }, systemClock);
  };
  afterAll(async () => {
    await port.close();
    etcd.stop();
  });
  const status = async (of = port) => (await of.endpoints())[0]?.status;

  test('serves: who it is and that it lives is told by a read, its size and version by nobody', async () => {
    expect(await status()).toMatchObject({
      kind: 'fresh',
      value: { healthy: true, memberId: '84055fb4461d744', raftTerm: '4', dbSizeBytes: null, version: null },
    });
  });

  test('without a leader it lives and does not serve, although nobody could log in since', async () => {
    etcd.has.leader = false;
    const another = open();
    expect(await status(another)).toMatchObject({ kind: 'fresh', value: { healthy: false } });
    await another.close();
    etcd.has.leader = true;
  });

  test('that failed once is asked again: to be refused its status is an answer', async () => {
    etcd.has.answers = false;
    expect((await status())?.kind).toBe('unknown');
    etcd.has.answers = true;
    expect(await status()).toMatchObject({ kind: 'fresh', value: { healthy: true } });
  });
});
