// What `--suite` measures: the rows of docs/measurements.md.
import { BENIGN } from './benign.mjs';

/** `rejoins`: in how many runs the controller starts the killed member itself; in the others the tool does, sooner. */
const TIMED = [
  { scenarios: ['kill-leader'], ekimi: 20, stock: 5, rejoins: 3 },
  { scenarios: ['freeze-leader'], ekimi: 3, stock: 3, rejoins: 3 },
  { scenarios: ['kill-leader'], ekimi: 5, stock: 5, rejoins: 0, sync: true },
];

const OTHERS = [
  {
    scenarios: [
      'kill-leader-again',
      'kill-postgres',
      'hang-leader',
      'freeze-postgres',
      'stop-leader',
      'leader-without-etcd',
      'leader-without-replicas',
      'leader-without-proxy',
      'leader-without-controller',
      'leader-cut-off',
      'kill-leader-ahead',
      'rewind-fails',
      'leaderless',
      'rogue-promote',
      'rogue-promote-paused',
      'rogue-frozen',
    ],
    ekimi: 1,
    stock: 1,
    rejoins: 1,
  },
];

const EPISODES = [{ scenarios: Object.keys(BENIGN), episodes: 50 }];

/** By the word of the command line. `timed` wants a machine that does nothing else; the rest mostly waits. */
export const SUITES = {
  all: [...TIMED, ...OTHERS, ...EPISODES],
  timed: TIMED,
  others: OTHERS,
  benign: EPISODES,
};

/**
 * The parts of a suite as jobs, in order. Stock and Ekimi take turns, so that a machine that is busier for a while is so for both.
 * @returns {({ name: string, with: 'stock' | 'ekimi', run: number, of: number, rejoin: boolean, sync: boolean }
 *   | { names: string[], with: 'ekimi', episodes: number, sync: boolean })[]}
 */
export function jobsOf(parts, modes) {
  return parts.flatMap((part) => {
    const { scenarios, sync = false, episodes } = part;
    if (episodes !== undefined)
      return modes.includes('ekimi') ? [{ names: scenarios, with: 'ekimi', episodes, sync }] : [];
    const most = Math.max(...modes.map((mode) => part[mode]));
    const numbers = Array.from({ length: most }, (_, index) => index + 1);
    return scenarios.flatMap((name) =>
      numbers.flatMap((run) =>
        modes
          .filter((mode) => run <= part[mode])
          .map((mode) => ({ name, with: mode, run, of: part[mode], rejoin: run <= part.rejoins, sync })),
      ),
    );
  });
}
