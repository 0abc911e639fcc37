import { seededRandom } from '../random.js';
import { HAPPENINGS } from './happenings.js';
import type { Happening } from './row.js';
import type { Story, StoryEvent } from './story.js';

/** Quiet in the beginning, so that a controller has seen a cluster that is well. Seconds. */
const QUIET_S = 20;
const ACT_S = 110;

const SITES = {
  'host 1': ['etcd1', 'patroni1'],
  'host 2': ['etcd2', 'patroni2'],
  'host 3': ['etcd3', 'patroni3'],
};

type Random = () => number;

const chosen = <T>(random: Random, list: readonly (readonly [number, T])[]): T => {
  let left = random() * list.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of list) {
    left -= weight;
    if (left < 0) return value;
  }
  return (list[0] as readonly [number, T])[1];
};

function drawEvent(random: Random, of: readonly Happening[]): StoryEvent {
  const one = chosen(
    random,
    of.map((each) => [each.weight, each] as const),
  );
  const atSeconds = Math.round((QUIET_S + random() * ACT_S) * 10) / 10;
  const lasts = one.lasts === null ? null : one.lasts[0] + random() * (one.lasts[1] - one.lasts[0]);
  return {
    atSeconds,
    what: one.what,
    role: chosen(
      random,
      one.roles.map((role) => [role === 'leader' ? 2 : 1, role] as const),
    ),
    figure: Math.round(random() * 1000) / 1000,
    untilSeconds: lasts === null ? null : Math.round((atSeconds + lasts) * 10) / 10,
  };
}

function setting(random: Random, seed: number): Omit<Story, 'events'> {
  return {
    seed,
    cluster: {
      seed,
      patroniVersion: chosen(random, [
        [1, '3.0.2'],
        [2, '4.1.4'],
      ]),
      members: chosen(random, [
        [1, ['patroni1', 'patroni2']],
        [6, ['patroni1', 'patroni2', 'patroni3']],
        [1, ['patroni1', 'patroni2', 'patroni3', 'patroni4']],
      ]),
      sites: SITES,
      walBytesPerSecond: chosen(random, [
        [3, 64 * 1024],
        [1, 0],
        [1, 4 * 1024 * 1024],
      ]),
    },
    synchronous: chosen(random, [
      [6, 'off'],
      [1, 'on'],
      [1, 'strict'],
    ]),
    failsafe: random() < 0.2,
    allowance: chosen(random, [
      [1, 'defaults'],
      [2, 'auto'],
    ]),
    controllers: chosen(random, [
      [3, ['ekimi-a']],
      [2, ['ekimi-a', 'ekimi-b']],
    ]),
    without: chosen(random, [
      [6, []],
      [1, ['host']],
      [1, ['postgres']],
      [1, ['proxy']],
    ]),
  };
}

const byTime = (events: readonly StoryEvent[]): readonly StoryEvent[] =>
  [...events].sort((one, other) => one.atSeconds - other.atSeconds);

/** The same seed draws the same story. One to five things happen. */
export function drawStory(seed: number): Story {
  const random = seededRandom(seed * 2_654_435_761);
  const told = setting(random, seed);
  const there = HAPPENINGS.filter(({ what }) => told.cluster.members?.length !== 2 || !what.startsWith('a host with'));
  const count = 1 + Math.floor(random() * 5);
  return { ...told, events: byTime(Array.from({ length: count }, () => drawEvent(random, there))) };
}

/** An episode in which nothing is really wrong. */
export function drawBenign(seed: number): Story {
  const random = seededRandom(seed * 2_246_822_519);
  const told = setting(random, seed);
  const benign = HAPPENINGS.filter((one) => one.benign);
  const count = 1 + Math.floor(random() * 3);
  return { ...told, events: byTime(Array.from({ length: count }, () => drawEvent(random, benign))) };
}
