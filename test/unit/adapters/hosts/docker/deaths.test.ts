import { describe, expect, it } from 'vitest';
import { Deaths } from '../../../../../src/adapters/hosts/docker/deaths.js';
import type { HostStatus } from '../../../../../src/model/host.js';
import type { Reading } from '../../../../../src/model/reading.js';

const RUNNING: HostStatus = {
  state: 'running',
  id: 'abc',
  startedAtMs: 5,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
};

type Rig = ReturnType<typeof rig>;

function rig() {
  const clock = { ms: 1_000, now: () => 1_000_000 + clock.ms, monotonic: () => clock.ms };
  const deaths = new Deaths(clock);
  let ns = 42e6;
  const note = (action: string, id = 'abc'): void => {
    ns += 1;
    deaths.note({ name: 'pg1', action, id, exitCode: action === 'die' ? 137 : null, atNs: ns });
  };
  /** What is told while the engine does not answer; null: it is waited for. */
  const told = (): Promise<Reading<HostStatus> | null> =>
    Promise.race([
      deaths.orTold('pg1', 'events of pg1', () => new Promise(() => undefined)),
      new Promise<null>((resolve) => {
        setImmediate(() => {
          resolve(null);
        });
      }),
    ]);
  return { clock, deaths, note, told };
}

const DEAD = {
  kind: 'fresh',
  source: 'events of pg1',
  value: { ...RUNNING, state: 'stopped', exitCode: 137, finishedAtMs: 42 },
};

describe('the death of a container', () => {
  it.each(['running', 'paused'] as const)(
    'that was seen %s is told by the event, before the engine answers',
    async (state) => {
      const { deaths, note, told } = rig();
      deaths.answered('pg1', { ...RUNNING, state }, false, 900);
      expect(await told()).toBeNull();
      for (const action of ['kill', 'die', 'stop']) note(action);
      expect(await told()).toMatchObject(DEAD);
    },
  );

  it('is told to whoever waits for the engine when it arrives', async () => {
    const { deaths, note } = rig();
    deaths.answered('pg1', RUNNING, false, 900);
    const waiting = deaths.orTold('pg1', 'events of pg1', () => new Promise(() => undefined));
    note('die');
    deaths.tell();
    expect(await waiting).toMatchObject(DEAD);
  });

  it('does not hide what the engine answers first', async () => {
    const { deaths, note } = rig();
    deaths.answered('pg1', RUNNING, false, 900);
    const answer: Reading<HostStatus> = { kind: 'fresh', value: RUNNING, atMs: 7, source: 'inspect' };
    const waiting = deaths.orTold('pg1', 'events of pg1', () => Promise.resolve(answer));
    expect(await waiting).toBe(answer);
    note('die');
    deaths.tell();
    expect(await waiting).toBe(answer);
  });

  it.each<[string, (all: Rig) => void]>([
    [
      'of a container that was never looked at',
      ({ note }) => {
        note('die');
      },
    ],
    [
      'of another container of that name',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die', 'def');
      },
    ],
    [
      'of one without an id',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die', '');
      },
    ],
    [
      'of one that the engine starts again by itself',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, true, 900);
        note('die');
      },
    ],
    [
      'of one that did not run',
      ({ deaths, note }) => {
        deaths.answered('pg1', { ...RUNNING, state: 'restarting' }, false, 900);
        note('die');
      },
    ],
    [
      'for lack of memory, which the engine tells better',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('oom');
        note('die');
      },
    ],
    [
      'of one that was only sent a signal',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('kill');
      },
    ],
    [
      'of one that was started since',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        note('start');
      },
    ],
    [
      'of one that the engine saw running since',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        deaths.answered('pg1', RUNNING, false, 1_001);
      },
    ],
    [
      'of one that is gone since',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        deaths.answered('pg1', { ...RUNNING, state: 'absent' }, false, 1_001);
      },
    ],
    [
      'of one of which the engine has answered since',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        deaths.answered('pg1', { ...RUNNING, state: 'stopped' }, false, 990);
      },
    ],
    ...['update', 'rename'].map((action): [string, (all: Rig) => void] => [
      `after ${action}, by which the engine may start it again`,
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note(action);
        deaths.answered('pg1', RUNNING, false, 950);
        note('die');
      },
    ]),
    [
      'that a stream which lags tells once more',
      ({ deaths }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        const event = { name: 'pg1', id: 'abc', exitCode: 137 };
        deaths.note({ ...event, action: 'die', atNs: 50e6 });
        deaths.note({ ...event, action: 'start', atNs: 51e6 });
        deaths.answered('pg1', RUNNING, false, 1_001);
        deaths.note({ ...event, action: 'die', atNs: 50e6 });
      },
    ],
    [
      'of a run that nobody has seen',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        for (const action of ['die', 'start', 'die']) note(action);
      },
    ],
    [
      'after which the stream broke off',
      ({ deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        deaths.forget();
      },
    ],
    [
      'of more than a second ago',
      ({ clock, deaths, note }) => {
        deaths.answered('pg1', RUNNING, false, 900);
        note('die');
        clock.ms += 1_001;
      },
    ],
  ])('%s is not told: the engine is waited for', async (_, happens) => {
    const all = rig();
    happens(all);
    all.deaths.tell();
    expect(await all.told()).toBeNull();
  });

  it('stays told where the engine tells of the moment before it', async () => {
    const { deaths, note, told } = rig();
    deaths.answered('pg1', RUNNING, false, 900);
    note('die');
    deaths.answered('pg1', RUNNING, false, 999);
    expect(await told()).toMatchObject(DEAD);
  });

  it('costs the engine one question while it stands in', async () => {
    const { deaths, note } = rig();
    deaths.answered('pg1', RUNNING, false, 900);
    note('die');
    let asked = 0;
    const ask = () => ((asked += 1), new Promise<Reading<HostStatus>>(() => undefined));
    for (let look = 0; look < 3; look += 1)
      expect(await deaths.orTold('pg1', 'events of pg1', ask)).toMatchObject(DEAD);
    expect(asked).toBe(1);
  });
});
