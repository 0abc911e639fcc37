// etcd v3 as far as Ekimi asks: ranges, transactions, leases, watches that nothing ever wakes, the status of each member. One store, several ports.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../../ready.mjs';

const require = createRequire(join(ROOT, 'package.json'));
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const PROTO = grpc.loadPackageDefinition(
  loader.loadSync(join(ROOT, 'node_modules/etcd3/proto/rpc.proto'), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  }),
).etcdserverpb;

const LEASE_S = 20;

class Store {
  revision = 100;
  keys = new Map();
  leases = 1000;

  put(key, value, lease = '0') {
    this.revision += 1;
    const before = this.keys.get(key);
    this.keys.set(key, {
      key: Buffer.from(key),
      value: Buffer.from(value),
      create_revision: before?.create_revision ?? String(this.revision),
      mod_revision: String(this.revision),
      version: '1',
      lease: String(lease),
    });
  }

  header = () => ({ cluster_id: '1', member_id: '1', revision: String(this.revision), raft_term: '2' });

  range({ key, range_end: end }) {
    const from = key.toString();
    const to = end?.toString() ?? '';
    const row = this.keys.get(from);
    const kvs =
      to === ''
        ? row === undefined
          ? []
          : [row]
        : [...this.keys].filter(([k]) => k >= from && k < to).map(([, v]) => v);
    return { header: this.header(), kvs, more: false, count: String(kvs.length) };
  }

  holds({ key, target, create_revision: created, mod_revision: modified }) {
    const row = this.keys.get(key.toString());
    return target === 'MOD'
      ? (row?.mod_revision ?? '0') === String(modified)
      : (row?.create_revision ?? '0') === String(created);
  }

  operation(op) {
    if (op.request_range) return { response_range: this.range(op.request_range) };
    if (op.request_put) {
      this.put(op.request_put.key.toString(), op.request_put.value, op.request_put.lease);
      return { response_put: { header: this.header() } };
    }
    const { key, range_end: end } = op.request_delete_range;
    for (const row of this.range({ key, range_end: end }).kvs) this.keys.delete(row.key.toString());
    return { response_delete_range: { header: this.header(), deleted: '1' } };
  }

  txn({ compare, success, failure }) {
    const succeeded = compare.every((one) => this.holds(one));
    const responses = (succeeded ? success : failure).map((op) => this.operation(op));
    return { header: this.header(), succeeded, responses };
  }
}

const unary = (answer) => (call, done) => done(null, answer(call.request));

/** Servers of one store, one a port; `keys`: Patroni's, by their full names, those in `leased` on a lease. Returns the ports. */
export async function etcdServers(count, keys, leased) {
  const store = new Store();
  for (const [key, value] of Object.entries(keys)) store.put(key, value, leased(key) ? '77' : '0');
  const header = store.header;
  const ports = [];
  for (let index = 0; index < count; index += 1) {
    const server = new grpc.Server();
    const memberId = String(index + 1);
    server.addService(PROTO.KV.service, {
      Range: unary((request) => store.range(request)),
      Put: unary(({ key, value, lease }) => (store.put(key.toString(), value, lease), { header: header() })),
      Txn: unary((request) => store.txn(request)),
      DeleteRange: unary((request) => store.operation({ request_delete_range: request }).response_delete_range),
      Compact: unary(() => ({ header: header() })),
    });
    server.addService(PROTO.Lease.service, {
      LeaseGrant: unary(({ TTL }) => ({ header: header(), ID: String((store.leases += 1)), TTL, error: '' })),
      LeaseRevoke: unary(() => ({ header: header() })),
      LeaseTimeToLive: unary(({ ID }) => ({
        header: header(),
        ID,
        TTL: String(LEASE_S - 3),
        grantedTTL: String(LEASE_S),
        keys: [],
      })),
      LeaseLeases: unary(() => ({ header: header(), leases: [] })),
      LeaseKeepAlive: (call) => {
        call.on('data', ({ ID }) => call.write({ header: header(), ID, TTL: String(LEASE_S) }));
        call.on('end', () => call.end());
      },
    });
    server.addService(PROTO.Watch.service, {
      Watch: (call) => {
        call.on('data', () =>
          call.write({
            header: header(),
            watch_id: '0',
            created: true,
            canceled: false,
            compact_revision: '0',
            events: [],
          }),
        );
        call.on('end', () => call.end());
      },
    });
    server.addService(PROTO.Maintenance.service, {
      Status: unary(() => ({
        header: { ...header(), member_id: memberId },
        version: '3.5.16',
        dbSize: '65536',
        leader: '1',
        raftIndex: '100',
        raftTerm: '2',
        raftAppliedIndex: '100',
        errors: [],
        dbSizeInUse: '65536',
      })),
      Alarm: unary(() => ({ header: header(), alarms: [] })),
    });
    server.addService(PROTO.Cluster.service, {
      MemberList: unary(() => ({
        header: header(),
        members: ports.map((port, at) => ({
          ID: String(at + 1),
          name: `etcd${at + 1}`,
          peerURLs: [`http://127.0.0.1:${port}`],
          clientURLs: [`http://127.0.0.1:${port}`],
        })),
      })),
    });
    const credentials = grpc.ServerCredentials.createInsecure();
    ports.push(
      await new Promise((resolve, reject) =>
        server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
      ),
    );
  }
  return ports;
}
