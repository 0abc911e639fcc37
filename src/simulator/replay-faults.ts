import { logLine } from './log.js';
import type { At, Part } from './member-faults.js';
import { SEGMENT_BYTES } from './segments.js';
import { note, type World } from './state.js';

/** What slows, stops or leads astray a replica that is otherwise well, and what becomes of WAL after it is written. */
export function replayFaults(
  world: World,
  at: At,
): Part<
  'limitReplay' | 'pauseReplay' | 'resumeReplay' | 'applyDelay' | 'wrongUpstream' | 'foreignTimeline' | 'setArchiving'
> {
  return {
    limitReplay: (name, bytesPerSecond) => {
      at(name).postgres.replayLimit = bytesPerSecond;
    },
    pauseReplay: (name, kept = 'no') => {
      Object.assign(at(name).postgres, { replayPaused: true, pauseKept: kept });
      if (kept === 'setting')
        logLine(
          world,
          at(name),
          'DETAIL:  max_connections = 100 is a lower setting than on the primary server, where its value was 200.',
        );
      note(world, `replay is paused on ${name}`);
    },
    resumeReplay: (name) => {
      Object.assign(at(name).postgres, { replayPaused: false, pauseKept: 'no' });
    },
    applyDelay: (name, ms) => {
      at(name).postgres.applyDelayMs = ms;
    },
    wrongUpstream: (name, to) => {
      const { postgres } = at(name);
      postgres.upstreamSet = to === null ? null : at(to).name;
      if (postgres.upstreamSet !== null) postgres.upstream = postgres.upstreamSet;
      note(world, `${name} follows ${to ?? 'whom Patroni names'}`);
    },
    foreignTimeline: (name) => {
      const { postgres } = at(name);
      const lsn = Math.max(postgres.receiveLsn, postgres.replayLsn);
      postgres.forks = [...postgres.forks, { timeline: postgres.timeline, lsn, branch: postgres.branch }];
      postgres.timeline += 1;
      world.foreignBranches += 1;
      postgres.branch = -world.foreignBranches;
      postgres.receiveLsn = postgres.replayLsn = lsn + 0x2000;
      note(world, `${name} is on a timeline that the leader never had`);
    },
    setArchiving: (how) => {
      // What was written before archiving is on is of no interest to it.
      if (world.archive.how === 'off')
        world.archive.lsn = Math.max(
          ...world.members.map(({ postgres }) => postgres.replayLsn - (postgres.replayLsn % SEGMENT_BYTES)),
        );
      world.archive.how = how;
      note(world, `WAL archiving: ${how}`);
    },
  };
}
