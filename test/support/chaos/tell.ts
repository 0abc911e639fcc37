import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../../src/config/load-policy.js';
import type { Policy } from '../../../src/model/policy.js';
import { playStory, wrongs } from '../../../src/simulator/stories/play.js';
import { lastSecond, type Allowance, type Story } from '../../../src/simulator/stories/story.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';
import { fleet, type Fleet } from '../fleet.js';
import { measure, type Measured } from './measure.js';

export interface Told extends Measured {
  /** What each event of the story met in its moment. */
  readonly met: readonly string[];
  /** What is wrong in the end, a line each. */
  readonly wrong: readonly string[];
  /** Members far behind the leader in the end. */
  readonly behind: readonly string[];
  /** Rebuilds that were begun. */
  readonly rebuilds: number;
  readonly requests: readonly { readonly atSeconds: number; readonly text: string; readonly by: string }[];
  readonly pages: readonly {
    readonly atSeconds: number;
    readonly code: string;
    readonly subject: string;
    readonly by: string;
    readonly text: string;
  }[];
  /** Passes that threw. */
  readonly thrown: readonly string[];
  readonly events: readonly { readonly atSeconds: number; readonly text: string }[];
  readonly seconds: number;
}

/** How long a cluster may take to recover after the last event or the last change of the leader, and how long it has to be whole. Seconds. */
const SETTLE_S = 200;
const LONGEST_S = 900;
const WHOLE_S = 20;
const LOOK_S = 5;

const policies = new Map<Allowance, Policy>();

/** What a fresh configuration allows, in enforce; `auto`: every action by itself. */
function policyOf(allowance: Allowance): Policy {
  const known = policies.get(allowance);
  if (known !== undefined) return known;
  const loaded = parsePolicy('policy.yaml', new TextEncoder().encode('mode: enforce\n'));
  if (!loaded.ok) throw new Error(`the default policy is refused: ${JSON.stringify(loaded.errors)}`);
  const { actions } = loaded.policy;
  const auto = Object.fromEntries(Object.entries(actions).map(([name, row]) => [name, { ...row, mode: 'auto' }]));
  const policy = allowance === 'defaults' ? loaded.policy : { ...loaded.policy, actions: auto as Policy['actions'] };
  policies.set(allowance, policy);
  return policy;
}

/** `shift`: another draw of everything that chance decides in the cluster, the same story. */
export async function tell(story: Story, withEkimi: boolean, shift = 0): Promise<Told> {
  const cluster = createCluster({ ...story.cluster, seed: story.seed + shift * 1_000_003 });
  cluster.time.pumpAlone(false);
  const beganMs = cluster.nowMs();
  const controllers = withEkimi ? story.controllers : [];
  const ours = fleet(cluster, controllers, { policy: policyOf(story.allowance), without: story.without });
  const met = playStory(story, {
    cluster,
    controllers,
    lastLeader: cluster.leader() ?? '',
    kill: (one) => {
      ours.kill(one);
    },
    start: (one) => {
      void ours.start(one);
    },
  });
  const client = measure(cluster);
  await cluster.play(lastSecond(story) * 1000);
  await settle(cluster);
  return { ...client(), met: met(), ...outcome(cluster, ours, beganMs) };
}

/** Until it has been whole for a while, or for as long as anybody would wait. */
async function settle(cluster: SimulatedCluster): Promise<void> {
  let wholeS = 0;
  let sinceS = 0;
  let leader = cluster.leader();
  for (let s = 0; s < LONGEST_S && sinceS < SETTLE_S && wholeS < WHOLE_S; s += LOOK_S) {
    await cluster.play(LOOK_S * 1000);
    wholeS = wrongs(cluster).length === 0 ? wholeS + LOOK_S : 0;
    sinceS = cluster.leader() === leader ? sinceS + LOOK_S : 0;
    leader = cluster.leader();
  }
}

function outcome(cluster: SimulatedCluster, ours: Fleet, beganMs: number): Omit<Told, keyof Measured | 'met'> {
  const at = (atMs: number): number => Math.round((atMs - beganMs) / 100) / 10;
  return {
    wrong: wrongs(cluster),
    behind: cluster.options.members.filter((name) => isBehind(cluster, name)),
    rebuilds: cluster.events.filter(({ text }) => text.includes('is reinitialized')).length,
    requests: cluster.requests
      .filter(({ by }) => by !== undefined && by !== 'operator')
      .map(({ atMs, text, by = '' }) => ({ atSeconds: at(atMs), text, by })),
    pages: ours
      .entries('page')
      .map(({ atMs, by, body: { code, subject, text } }) => ({ atSeconds: at(atMs), code, subject, by, text })),
    thrown: ours.thrown.map(
      ({ by, error }) => `${by}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ),
    events: cluster.events.map(({ atMs, text }) => ({ atSeconds: at(atMs), text })),
    seconds: at(cluster.nowMs()),
  };
}

const FAR_BYTES = 1024 * 1024;

const isBehind = (cluster: SimulatedCluster, name: string): boolean => {
  const leader = cluster.leader();
  if (leader === null) return false;
  return cluster.inspect(leader).postgres.replayLsn - cluster.inspect(name).postgres.replayLsn > FAR_BYTES;
};

export const readStory = (file: string): Story => JSON.parse(readFileSync(file, 'utf8')) as Story;
