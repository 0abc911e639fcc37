import { body, text, type Part } from './part.js';

const COPIES = 'src/simulator/copies.ts';
const DISKS = 'src/simulator/disks.ts';

/** What the simulator can say: kind T. */
export const SIMULATOR: Readonly<Record<string, readonly Part[]>> = {
  T1: [body('src/simulator/links.ts', 'opens', 'true', 'a member was cut from a kind of thing only')],
  T2: [
    body('src/simulator/clients.ts', 'stepClients', 'undefined'),
    text(
      'src/simulator/clients.ts',
      'leader === undefined ? null : acknowledged.filter(({ branch, lsn }) => !holds(leader.postgres, branch, lsn));',
      'leader === undefined ? null : [];',
    ),
    text('src/simulator/clients.ts', 'if (writers > 1) clients.twoWritersMs += stepMs;', ''),
  ],
  T3: [
    body(COPIES, 'troubleWith', 'null', 'a copy succeeded in 8 s over a cut link'),
    text(COPIES, "if (postgres.copy.copiedBytes > 0) postgres.directory = 'torn';", ''),
    body(COPIES, 'breakByRewind', 'undefined'),
    text(
      COPIES,
      'postgres.replayLsn = postgres.receiveLsn = (Math.floor(postgres.replayLsn / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;',
      '',
    ),
  ],
  T4: [
    body('src/simulator/sync.ts', 'isConfirmed', 'true'),
    body('src/simulator/sync.ts', 'chooseStandbys', 'undefined'),
    body('src/simulator/sync.ts', 'hasVotes', 'true'),
  ],
  T5: [
    body('src/simulator/etcd.ts', 'takesWrites', 'true'),
    text('src/simulator/etcd.ts', ' && latencyMs(world.etcd, name) <= etcdPatienceMs(world)', ''),
  ],
  T6: [
    text('src/simulator/controller-faults.ts', 'at(controller).suspended = true;', ''),
    text('src/simulator/controller-faults.ts', 'at(controller).skewMs += ms;', ''),
  ],
  T7: [
    body('src/simulator/archive.ts', 'archiveWal', 'undefined'),
    body(DISKS, 'stepDisk', 'undefined'),
    body('src/simulator/wal-times.ts', 'writtenAtMs', 'time.nowMs'),
    body('src/simulator/wal-times.ts', 'lsnAt', 'postgres.replayLsn'),
  ],
  T8: [
    text('src/simulator/change-faults.ts', 'addServers(world, made);', ''),
    text('src/simulator/change-faults.ts', 'world.aliases.set(name, renamed.name);', ''),
  ],
};
