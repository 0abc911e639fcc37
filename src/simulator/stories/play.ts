import type { SimulatedCluster } from '../world.js';
import { happening } from './happenings.js';
import { cast, type Stage } from './stage.js';
import { isWell } from './standing.js';
import type { Story } from './story.js';

/**
 * Plans every event of the story from now on, and its end for the very member that it happened to. Answers with what each event met, once
 * all have been.
 */
export function playStory(story: Story, stage: Stage): () => readonly string[] {
  const { cluster } = stage;
  const startMs = cluster.nowMs();
  if (story.synchronous !== 'off') cluster.setSynchronousMode(story.synchronous === 'quorum' ? 'quorum' : true);
  if (story.synchronous === 'strict') cluster.setSynchronousRules({ strict: true });
  if (story.failsafe) cluster.setFailsafeMode(true);
  const met = story.events.map(() => '');
  for (const [index, event] of story.events.entries()) {
    const { begin, end, meets, delayS } = happening(event.what);
    let member: string | null = null;
    cluster.at(startMs + event.atSeconds * 1000, () => {
      const whom = (member = cast(stage, event.role));
      const look = (): void => void (met[index] = meets(stage, whom, event.figure));
      if (delayS(event.figure) === 0) look();
      else cluster.at(cluster.nowMs() + delayS(event.figure) * 1000, look);
      begin(stage, whom, event.figure);
    });
    if (event.untilSeconds === null || end === null) continue;
    cluster.at(startMs + event.untilSeconds * 1000, () => {
      if (member !== null) end(stage, member, event.figure);
    });
  }
  return () => met;
}

/** What is wrong with the cluster now, a line each; empty: it is whole. */
export function wrongs(cluster: SimulatedCluster): readonly string[] {
  const leader = cluster.leader();
  const { primaryBackend, replicaBackend, members } = cluster.options;
  const found: string[] = [];
  if (leader === null || cluster.writesGoTo() !== leader) found.push('nobody takes writes');
  for (const name of members) {
    if (!isWell(cluster, name, leader)) found.push(`${name} is broken`);
    for (const backend of [primaryBackend, replicaBackend])
      if (/^(DRAIN|MAINT$)/.test(cluster.proxyStatus(backend, name))) found.push(`${name} is drained in ${backend}`);
    if (cluster.inspect(name).patroni.tags.noloadbalance) found.push(`${name} is tagged noloadbalance`);
  }
  return found;
}
