import type { Volume } from '../../model/disk.js';
import type { Role } from '../../model/patroni.js';
import { lastValue } from '../../model/reading.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import type { MemberState } from '../../model/states.js';
import type { MemberView } from '../../model/view.js';
import { overview, type Overview } from '../overview.js';
import { known, stateSet, type MetricRow, type Sample } from './row.js';

const MEMBER_STATES: readonly MemberState[] = [
  'unknown',
  'leader',
  'healthy',
  'lagging',
  'blocked',
  'not-streaming',
  'start-failed',
  'rebuilding',
  'starting',
  'diverged',
  'down',
  'rogue',
];

const ROLES: readonly (Role | 'unknown')[] = [
  'primary',
  'replica',
  'standby-leader',
  'demoted',
  'promoted',
  'uninitialized',
  'other',
  'unknown',
];

type Shown = Overview['members'][number];

/** One series a member; none for a member of which it is not known, which is not zero. */
const each =
  (value: (member: Shown) => number | null) =>
  (snapshot: ClusterSnapshot): Sample[] =>
    overview(snapshot).members.flatMap((member) => known({ member: member.name }, value(member)));

const read =
  (value: (member: MemberView) => number | null | undefined) =>
  ({ view }: ClusterSnapshot): Sample[] =>
    (view?.members ?? []).flatMap((member) => known({ member: member.name }, value(member)));

const volumes =
  (value: (volume: Volume) => number | null) =>
  ({ view }: ClusterSnapshot): Sample[] =>
    (view?.members ?? []).flatMap(({ name, disk }) => {
      const seen = disk === undefined ? null : lastValue(disk);
      return seen === null
        ? []
        : (['data', 'wal'] as const).flatMap((volume) => {
            const found = seen[volume];
            return found === null ? [] : known({ member: name, volume }, value(found));
          });
    });

/** One member each: role, lag, sessions, disks. */
export const MEMBER_METRICS: readonly MetricRow[] = [
  {
    name: 'ekimi_member_state',
    help: '1 for the state that the member is in',
    labels: ['member', 'state'],
    samples: (snapshot) =>
      overview(snapshot).members.flatMap(({ name, state }) => stateSet(MEMBER_STATES, state, { member: name })),
  },
  {
    name: 'ekimi_member_role',
    help: "1 for PostgreSQL's role by the member's own word, else by SQL; it may be stale where the member is silent",
    labels: ['member', 'role'],
    samples: (snapshot) =>
      overview(snapshot).members.flatMap(({ name, role }) =>
        ROLES.map((each) => ({ labels: { member: name, role: each }, value: Number(each === role) })),
      ),
  },
  {
    name: 'ekimi_member_leader',
    help: '1 for the member that holds the leader key, 0 for the others; no series where the key could not be read',
    labels: ['member'],
    samples: each(({ holdsLeaderKey }) => (holdsLeaderKey === null ? null : Number(holdsLeaderKey))),
  },
  {
    name: 'ekimi_member_timeline',
    help: 'Timeline that the member is on, as last read',
    labels: ['member'],
    samples: each(({ timeline }) => timeline),
  },
  {
    name: 'ekimi_lag_bytes',
    help: 'How far a replica is behind; no series where it is not known, which is not zero',
    unit: 'bytes',
    labels: ['member'],
    samples: each(({ lagBytes }) => lagBytes),
  },
  {
    name: 'ekimi_lag_seconds',
    help: 'How old what a replica shows is, by the heartbeat (postgres.heartbeat); no series where nobody writes it',
    unit: 'seconds',
    labels: ['member'],
    samples: each(({ lagAgeMs, lagAgeBy }) => (lagAgeMs === null || lagAgeBy !== 'heartbeat' ? null : lagAgeMs / 1000)),
  },
  {
    name: 'ekimi_lag_estimate_seconds',
    help: 'The same by positions, where no heartbeat is written: an estimate that is never too old',
    unit: 'seconds',
    labels: ['member'],
    samples: each(({ lagAgeMs, lagAgeBy }) => (lagAgeMs === null || lagAgeBy !== 'positions' ? null : lagAgeMs / 1000)),
  },
  {
    name: 'ekimi_member_connections',
    help: 'Connections to PostgreSQL, those of all databases',
    labels: ['member'],
    samples: read(({ sql }) => lastValue(sql)?.connections.total),
  },
  {
    name: 'ekimi_member_connections_limit',
    help: 'max_connections in force',
    labels: ['member'],
    samples: read(({ sql }) => lastValue(sql)?.connections.max),
  },
  {
    name: 'ekimi_member_pending_restart',
    help: '1 while a setting waits for a restart of the member',
    labels: ['member'],
    samples: each(({ pendingRestart }) => Number(pendingRestart)),
  },
  {
    name: 'ekimi_disk_size_bytes',
    help: 'Size of the volume of PGDATA (data), and of pg_wal (wal) where that is another one, by the host driver',
    unit: 'bytes',
    labels: ['member', 'volume'],
    samples: volumes(({ totalBytes }) => totalBytes),
  },
  {
    name: 'ekimi_disk_free_bytes',
    help: 'What is free on that volume',
    unit: 'bytes',
    labels: ['member', 'volume'],
    samples: volumes(({ freeBytes }) => freeBytes),
  },
  {
    name: 'ekimi_disk_free_inodes',
    help: 'Inodes that are free on that volume; no series where they are not counted',
    labels: ['member', 'volume'],
    samples: volumes(({ freeInodes }) => freeInodes),
  },
  {
    name: 'ekimi_database_size_bytes',
    help: 'Size of all databases of the member, by SQL',
    unit: 'bytes',
    labels: ['member'],
    samples: read(({ sizes }) => (sizes === undefined ? null : lastValue(sizes)?.databaseBytes)),
  },
  {
    name: 'ekimi_wal_size_bytes',
    help: 'Size of pg_wal of the member, by SQL; no series without the right to look there',
    unit: 'bytes',
    labels: ['member'],
    samples: read(({ sizes }) => (sizes === undefined ? null : lastValue(sizes)?.walBytes)),
  },
];
