// What a healthy cluster of three members says of itself, in the words of Patroni 4.1, PostgreSQL 15 and HAProxy 2.6.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../ready.mjs';

const REPLIES = join(ROOT, 'test/fixtures/replies');
const SYSTEM = '7711055305761135589';
const [TIMELINE, LSN, STARTED] = [8, 1560281584, '2026-11-22 18:18:44.931285+00:00'];
const STARTED_MS = Date.parse('2026-11-22T18:18:44.931Z');
export const NAMES = ['patroni1', 'patroni2', 'patroni3'];
const LEADER = 'patroni2';
const LSN_TEXT = `0/${LSN.toString(16).toUpperCase()}`;

const recorded = (name) => JSON.parse(readFileSync(join(REPLIES, 'patroni-4.1.4', name), 'utf8'));
const METRICS = Object.fromEntries(
  ['primary', 'replica'].map((role) => {
    const { body, body_text: text } = recorded(`${role}.get-metrics.json`);
    return [role, text ?? body];
  }),
);
const STATS = readFileSync(join(REPLIES, 'haproxy-2.6/stats.csv'), 'utf8');
const SERVERS = readFileSync(join(REPLIES, 'haproxy-2.6/show-servers-state.txt'), 'utf8');
const INFO = readFileSync(join(REPLIES, 'haproxy-2.6/show-info.txt'), 'utf8');

const isLeader = (name) => name === LEADER;
const nowS = () => Math.floor(Date.now() / 1000);

const CONFIG = {
  ttl: 20,
  loop_wait: 5,
  retry_timeout: 5,
  maximum_lag_on_failover: 1048576,
  postgresql: { use_pg_rewind: true, use_slots: true, parameters: { max_connections: 50, wal_log_hints: true } },
};
const HISTORY = [[7, LSN - 280, 'no recovery target specified', '2026-11-22T18:18:45.225437+00:00', LEADER]];

function patroni(scope, name) {
  const common = {
    state: 'running',
    postmaster_start_time: STARTED,
    role: isLeader(name) ? 'primary' : 'replica',
    server_version: 150018,
    timeline: TIMELINE,
    dcs_last_seen: nowS(),
    database_system_identifier: SYSTEM,
    patroni: { version: '4.1.4', scope, name },
  };
  if (!isLeader(name)) {
    const xlog = { received_location: LSN, replayed_location: LSN, replayed_timestamp: null, paused: false };
    return { ...common, xlog, replication_state: 'streaming' };
  }
  const replication = NAMES.filter((other) => !isLeader(other)).map((other) => ({
    usename: 'replicator',
    application_name: other,
    client_addr: '127.0.0.1',
    state: 'streaming',
    sync_state: 'async',
    sync_priority: 0,
  }));
  return { ...common, xlog: { location: LSN }, replication };
}

const clusterOf = (places) => ({
  members: NAMES.map((name) => ({
    name,
    role: isLeader(name) ? 'leader' : 'replica',
    state: isLeader(name) ? 'running' : 'streaming',
    api_url: `http://127.0.0.1:${places.api[name]}/patroni`,
    host: '127.0.0.1',
    port: places.sql[name],
    timeline: TIMELINE,
    ...(isLeader(name) ? {} : { lag: 0, receive_lag: 0, replay_lag: 0, lsn: LSN_TEXT }),
  })),
  scope: places.scope,
});

/** Patroni's REST API of one member. */
export const patroniAnswer = (places, name) => (method, path) => {
  if (method === 'PATCH') return { status: 400, type: 'text/html', body: 'no data' };
  switch (path) {
    case '/patroni':
      return { body: patroni(places.scope, name) };
    case '/cluster':
      return { body: clusterOf(places) };
    case '/config':
      return { body: CONFIG };
    case '/history':
      return { body: HISTORY };
    case '/metrics':
      return {
        type: 'text/plain',
        body: METRICS[isLeader(name) ? 'primary' : 'replica']
          .replaceAll('email-cluster', places.scope)
          .replaceAll(/,name="[^"]*"/g, `,name="${name}"`),
      };
    default:
      return { status: path === '/replica' && isLeader(name) ? 503 : 200, body: patroni(places.scope, name) };
  }
};

/** Patroni's keys of a cluster: name to text, and the lease that some of them hang on. */
export function patroniKeys(places) {
  const member = (name) => ({
    conn_url: `postgres://127.0.0.1:${places.sql[name]}/postgres`,
    api_url: `http://127.0.0.1:${places.api[name]}/patroni`,
    state: 'running',
    role: isLeader(name) ? 'primary' : 'replica',
    version: '4.1.4',
    xlog_location: LSN,
    timeline: TIMELINE,
    ...(isLeader(name) ? {} : { replay_lsn: LSN, receive_lsn: LSN, replication_state: 'streaming' }),
  });
  return {
    config: CONFIG,
    history: HISTORY,
    initialize: SYSTEM,
    leader: LEADER,
    status: { optime: LSN, slots: Object.fromEntries(NAMES.map((name) => [name, LSN])), retain_slots: NAMES },
    ...Object.fromEntries(NAMES.map((name) => [`members/${name}`, member(name)])),
  };
}

/** The documents of the adapter's statements, by their names: columns with PostgreSQL's type numbers, and one row of texts. */
export function sqlAnswer(places, name) {
  const leads = isLeader(name);
  const others = NAMES.filter((other) => !isLeader(other));
  const status = {
    recovery: !leads,
    version: 150018,
    systemIdentifier: SYSTEM,
    ownName: name,
    startedAtMs: STARTED_MS,
    timeline: TIMELINE,
    currentLsn: leads ? LSN_TEXT : null,
    receiveLsn: leads ? null : LSN_TEXT,
    replayLsn: leads ? null : LSN_TEXT,
    replayLagSeconds: leads ? null : 0.2,
    replayPaused: false,
    startupWait: leads ? null : 'RecoveryWalStream',
    receiver: leads
      ? null
      : {
          status: 'streaming',
          senderHost: '127.0.0.1',
          senderPort: places.sql[LEADER],
          timeline: TIMELINE,
          latestEndLsn: LSN_TEXT,
          ageMs: 120,
        },
    replicas: leads
      ? others.map((application) => ({
          application,
          state: 'streaming',
          syncState: 'async',
          sentLsn: LSN_TEXT,
          replayLsn: LSN_TEXT,
        }))
      : null,
    blockers: null,
    slots: leads
      ? others.map((slot) => ({
          name: slot,
          active: true,
          walStatus: 'reserved',
          kind: 'physical',
          safe: null,
          retained: 0,
        }))
      : null,
    connections: {
      max: 50,
      byDatabase: [{ database: 'postgres', total: 4, active: 1, idle: 3, idle_in_transaction: 0 }],
    },
    checksumFailures: null,
    syncWaits: { count: 0, oldestMs: null, standbyNames: '' },
    readOnly: { reset: false, own: false, databases: null },
    baseBackups: 0,
    walSenders: { max: 10, used: leads ? 2 : 0 },
    archiver: null,
    applyDelayMs: 0,
    recoveryTarget: null,
    standbySettings: {
      max_connections: 50,
      max_worker_processes: 8,
      max_wal_senders: 10,
      max_prepared_transactions: 0,
      max_locks_per_transaction: 64,
    },
    rewinds: null,
  };
  const text = JSON.stringify(status);
  return (statement) =>
    statement.startsWith('ekimi-status')
      ? { columns: [['status', 25]], row: [text] }
      : {
          columns: [
            ['database_bytes', 701],
            ['wal_bytes', 701],
          ],
          row: ['30000000', '33554432'],
        };
}

export const statistics = () => ({ type: 'text/plain', body: STATS });

/** HAProxy's runtime API. */
export const runtimeAnswer = (command) => (command.startsWith('show servers state') ? SERVERS : INFO);

/** Output as the engine sends it without a terminal: a frame of the standard output. */
const framed = (text) => {
  const body = Buffer.from(text);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
};
const df = (kind) =>
  `Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/${kind} 263174212 27805696 221924664 12% /data\n`;
const DISKS = ['data', 'wal'].map((what) => `== ${what}\n${df('vda')}== inodes\n${df('vda')}`).join('');
const LOG = Array.from(
  { length: 36 },
  (_, at) => `2026-11-22 18:18:${10 + at},931 INFO: no action. I am (${LEADER}), the leader with the lock\n`,
).join('');

/** Docker's Engine API: containers that have run since long ago, with room on their disks and nothing in their logs. */
export const engineAnswer = (method, path) => {
  if (path.startsWith('/events')) return null;
  if (/^\/containers\/[^/]+\/logs/.test(path)) return { type: 'application/octet-stream', body: framed(LOG) };
  if (/^\/containers\/[^/]+\/exec$/.test(path)) return { status: 201, body: { Id: 'e'.repeat(64) } };
  if (/^\/exec\/[^/]+\/start$/.test(path)) return { type: 'application/octet-stream', body: framed(DISKS) };
  const name = /^\/containers\/([^/]+)\/json/.exec(path)?.[1];
  if (name === undefined) return { status: 404, body: { message: 'no such thing here' } };
  const state = { Status: 'running', Running: true, Paused: false, Restarting: false, OOMKilled: false, Dead: false };
  return {
    body: {
      Id: 'a'.repeat(64),
      Name: `/${name}`,
      RestartCount: 0,
      Config: { Env: ['PATH=/usr/bin'], Labels: {} },
      State: { ...state, Pid: 1, ExitCode: 0, StartedAt: '2026-11-22T18:18:40Z', FinishedAt: '0001-01-01T00:00:00Z' },
    },
  };
};
