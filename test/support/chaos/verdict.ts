import type { Story, StoryEvent } from '../../../src/simulator/stories/story.js';
import { alwaysWrong, type Fault, type Pair, weigh, type Weighed, worse } from './judge.js';
import { tell } from './tell.js';

/** Draws of chance in which a story that looks worse is told, and with how few of them one can do. */
const DRAWS = 8;
const FEWEST = 4;
const TRIES = 16;

export interface Verdict extends Pair {
  /** Without what was left out. */
  readonly story: Story;
  readonly faults: readonly Fault[];
  readonly unlucky: readonly Fault[];
  /** Events that met something else in the two tellings, so that they were left out in both. */
  readonly leftOut: readonly StoryEvent[];
}

const tellBoth = async (story: Story, draw = 0): Promise<Pair> => ({
  stock: await tell(story, false, draw),
  ekimi: await tell(story, true, draw),
});

/** The first event that met something else with Ekimi than without; -1: the two tellings tell the same story. */
const partsAt = ({ stock, ekimi }: Pair): number => stock.met.findIndex((met, at) => met !== ekimi.met[at]);

const without = (story: Story, index: number): Story => ({
  ...story,
  events: story.events.filter((_, at) => at !== index),
});

/**
 * Told twice with the same draw of chance (when Patroni loops, who wakes first). Where that looks worse, it is made sure that both tell the
 * same story: an event that hit a leader which works in one and a dead one in the other is left out in both. Then it is told with other draws.
 */
export async function judgeStory(story: Story): Promise<Verdict> {
  const first = await tellBoth(story);
  const always = alwaysWrong(first.ekimi);
  if (worse([first.stock], first.ekimi).length === 0)
    return { story, ...first, faults: always, unlucky: [], leftOut: [] };
  const { told, pair, weighed } = await compare(story, first);
  // What is always wrong was so in the whole story.
  const isWhole = told === story || weighed.faults.length > 0;
  return {
    story: isWhole ? told : story,
    ...(isWhole ? pair : first),
    faults: [...weighed.faults, ...always],
    unlucky: weighed.unlucky,
    leftOut: story.events.filter((event) => !told.events.includes(event)),
  };
}

interface Compared {
  readonly told: Story;
  readonly pair: Pair;
  readonly weighed: Weighed;
}

async function compare(story: Story, first: Pair): Promise<Compared> {
  const index = partsAt(first);
  const isWorse = worse([first.stock], first.ekimi).length > 0;
  if (!isWorse) return { told: story, pair: first, weighed: { faults: [], unlucky: [] } };
  if (index >= 0) return again(story, index);
  const { pairs, parted } = await draw(story, first);
  if (pairs.length < FEWEST && story.events.length > 1) return again(story, mostOften(parted));
  return { told: story, pair: first, weighed: weigh(pairs) };
}

async function again(story: Story, leaveOut: number): Promise<Compared> {
  const rest = without(story, leaveOut);
  return compare(rest, await tellBoth(rest));
}

/** Pairs that tell the same story, and at which event the others parted. */
async function draw(story: Story, first: Pair): Promise<{ pairs: readonly Pair[]; parted: readonly number[] }> {
  const pairs = [first];
  const parted: number[] = [];
  for (let one = 1; one < TRIES && pairs.length < DRAWS; one += 1) {
    const pair = await tellBoth(story, one);
    const at = partsAt(pair);
    if (at < 0) pairs.push(pair);
    else parted.push(at);
  }
  return { pairs, parted };
}

const mostOften = (values: readonly number[]): number =>
  [...values].sort(
    (one, other) =>
      values.filter((value) => value === other).length - values.filter((value) => value === one).length || one - other,
  )[0] ?? 0;

/** The smallest story that still shows a fault of the same kind: events are left out one after the other. */
export async function shrink(verdict: Verdict): Promise<Verdict> {
  const kinds = new Set(verdict.faults.map(({ kind }) => kind));
  let least = verdict;
  for (let index = least.story.events.length - 1; index >= 0 && least.story.events.length > 1; index -= 1) {
    const shorter = await judgeStory(without(least.story, index));
    if (shorter.faults.some(({ kind }) => kinds.has(kind))) least = shorter;
  }
  return least;
}
