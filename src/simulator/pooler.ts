import type { Reply } from '../model/plan.js';
import type { PoolerReport } from '../model/pooler.js';
import { fresh, unknown } from '../model/reading.js';
import type { PoolerPort } from '../ports/pooler.js';
import { send, type Fault } from './exchange.js';
import { wallMs } from './observer.js';
import type { PoolerSim } from './parts.js';
import { note, type World } from './state.js';
import type { Sight } from './wire.js';

export const newPooler = (name: string): PoolerSim => ({
  name,
  down: false,
  paused: false,
  busy: false,
  pausedSinceMs: 0,
  heldMs: 0,
});

export function tellPause(world: World, pooler: PoolerSim): void {
  pooler.paused = true;
  pooler.pausedSinceMs = world.time.nowMs;
  note(world, `pooler ${pooler.name} is paused`);
}

export function tellResume(world: World, pooler: PoolerSim): void {
  if (!pooler.paused) return;
  pooler.paused = false;
  pooler.heldMs = Math.max(pooler.heldMs, world.time.nowMs - pooler.pausedSinceMs);
  note(world, `pooler ${pooler.name} is resumed`);
}

/** Clients that begin a transaction wait. */
export const areClientsHeld = ({ poolers }: World): boolean => poolers.some(({ paused, down }) => paused && !down);

const refused = ({ name, down }: PoolerSim): Fault | null =>
  down ? { fault: 'refused', reason: `console of ${name}: connection refused` } : null;

const reportOf = ({ paused, busy }: PoolerSim): PoolerReport => ({
  version: '1.18.0',
  allPaused: null,
  databases: [{ name: 'app', paused, servers: busy || !paused ? 1 : 0, waiting: 0, maxWaitMs: 0 }],
});

type Answer = Omit<Reply, 'tookMs'>;
const answer = (effect: Reply['effect'], text: string): Answer => ({ effect, status: null, text });

/** One controller's console. The end of a pause is armed in its process: it dies with it. */
export function poolerPort(sight: Sight, pooler: PoolerSim): PoolerPort {
  const { world, observer } = sight;
  const { name } = pooler;
  const born = observer.killed;
  let mine: object | null = null;
  const end = (): void => {
    mine = null;
    tellResume(world, pooler);
  };
  return {
    status: () => {
      const fault = refused(pooler);
      const [atMs, source] = [wallMs(world, observer), `console of ${name}`];
      return Promise.resolve(
        fault === null ? fresh(reportOf(pooler), atMs, source) : unknown(fault.fault, fault.reason, atMs, source),
      );
    },
    pause: ({ withinMs, forMs }) =>
      send(
        sight,
        { port: 'pooler', verb: 'pause', poolers: [name], withinMs, forMs, isAllOrNone: true },
        () => refused(pooler),
        async () => {
          if (pooler.paused) return answer('none', `${name}: paused already, by somebody else`);
          const hold = {};
          mine = hold;
          tellPause(world, pooler);
          const dueMs = world.time.nowMs + forMs;
          world.planned.push({
            atMs: dueMs,
            call: () => {
              if (mine === hold && observer.killed === born && !observer.suspended) end();
            },
          });
          if (pooler.busy) await world.time.block(() => !pooler.busy, withinMs);
          if (!pooler.busy) return answer('done', `${name}: paused`);
          end();
          return answer('none', `${name}: transactions did not end within ${withinMs} ms; taken back`);
        },
      ),
    resume: () =>
      send(
        sight,
        { port: 'pooler', verb: 'resume', pooler: name },
        () => refused(pooler),
        () => {
          end();
          return answer('done', `${name}: resumed`);
        },
      ),
    rights: () => Promise.resolve([]),
    close: () => {
      if (mine !== null) end();
      return Promise.resolve();
    },
  };
}
