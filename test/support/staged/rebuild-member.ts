import { runInput } from '../../../src/decide/run-left.js';
import { asideSuffix } from '../../../src/model/aside.js';
import { fresh } from '../../../src/model/reading.js';
import { memberOf } from '../../../src/model/view.js';
import {
  all,
  api,
  inputOf,
  isPrimary,
  leaderKey,
  member,
  NOW_MS,
  sql,
  stopped,
  streamed,
  viewOf,
  type Change,
} from '../view.js';
import { copying, inMaintenance, wellAgain, withChange } from './add-replica.js';
import type { StagedCase } from './case.js';

const GIB = 1024 ** 3;
const NAMES = ['patroni1', 'patroni2', 'patroni3'];
const SUFFIX = asideSuffix(NOW_MS);

/** What lies aside of everybody: nothing, but of this member the directory of this run. */
const asides =
  (moved: string | null): Change =>
  (view) => ({
    ...view,
    asides: Object.fromEntries(
      NAMES.map((name) => {
        const row = { name: `data.${SUFFIX}`, path: `/var/lib/patroni/data.${SUFFIX}`, bytes: GIB };
        return [name, fresh(name === moved ? [row] : [], NOW_MS, 'asides')];
      }),
    ),
  });

/** Volumes and sizes as the host driver and SQL tell them: of 100 GiB so much is free, and a copy takes 2 GiB. */
const withRoom = (freeBytes: number): Change =>
  all(
    ...NAMES.map((name) =>
      member(name, () => ({
        disk: fresh({ data: { totalBytes: 100 * GIB, freeBytes, freeInodes: null }, wal: null }, NOW_MS, 'disk'),
        sizes: fresh({ databaseBytes: 2 * GIB, walBytes: GIB }, NOW_MS, 'sizes'),
      })),
    ),
  );

const wrongPages = (name: string): Change => sql(name, { checksumFailures: 3 });
const readyToRebuild = all(withRoom(50 * GIB), asides(null));

/** The former leader, as a replica of patroni2. */
const followsPatroni2: Change = all(
  member('patroni1', (row) => ({ ...(memberOf(viewOf(), 'patroni3') ?? row), name: row.name })),
  sql('patroni2', { replicas: [streamed('patroni1')] }),
  api('patroni2', { replication: [streamed('patroni1')] }),
);

const rebuilding = (name: string, leads: boolean): StagedCase => ({
  title: leads ? 'the leader' : 'a replica',
  begins: runInput(inputOf([], { view: viewOf(readyToRebuild, wrongPages(name)) }), {}),
  ask: { member: name },
  effect: ({ key }, before) => {
    const effects: Readonly<Record<string, Change>> = {
      'switchover from patroni1': all(
        leaderKey('patroni2'),
        isPrimary('patroni2'),
        api('patroni1', { role: 'replica', replicationState: 'streaming' }),
        sql('patroni1', { inRecovery: true }),
      ),
      [`close-servers ${name}`]: inMaintenance(name, true),
      [`stop-member ${name}`]: stopped(name),
      [`move-aside ${name}`]: asides(name),
      [`begin-copy ${name}`]: all(copying(name), sql(name, { inRecovery: true, checksumFailures: 0 })),
      [`copy ${name}`]: all(leads ? followsPatroni2 : wellAgain(name), wrongPages(name)),
      [`verify ${name}`]: sql(name, { checksumFailures: 0 }),
      [`open-servers ${name}`]: inMaintenance(name, false),
    };
    return withChange(before, effects[key] ?? ((view) => view));
  },
  byHand: leads ? [] : [`close-servers ${name}`, `stop-member ${name}`],
});

export const REBUILD_MEMBER: readonly StagedCase[] = [rebuilding('patroni3', false), rebuilding('patroni1', true)];
