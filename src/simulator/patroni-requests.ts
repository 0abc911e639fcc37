import type { Step } from '../model/plan.js';
import { dcsReachable, writeWish } from './etcd.js';
import { mayNotLead, reaches } from './election.js';
import { reinitialize } from './copies.js';
import { begin, runTask } from './patroni-tasks.js';
import { isUp, stopPostgres } from './postgres-facts.js';
import { isOldPatroni, type FailoverKey, type MemberSim, type World } from './state.js';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

type PatroniStep = Extract<Step, { port: 'patroni' }>;
type Body = Readonly<Record<string, unknown>>;

const answer = (status: number, text: string): HttpAnswer => ({ status, text });

const bodyOf = (step: PatroniStep): Body =>
  typeof step.body === 'object' && step.body !== null && !Array.isArray(step.body) ? (step.body as Body) : {};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Executes one POST or DELETE with Patroni's own words. null: the connection was closed without an answer. [patroni.md section 3] */
export async function handle(world: World, member: MemberSim, step: PatroniStep): Promise<HttpAnswer | null> {
  const body = bodyOf(step);
  if (member.patroni.refusesUs) return answer(401, 'not authenticated');
  if (step.path === '/reload') {
    member.patroni.reloadAsked = true;
    return answer(202, 'reload scheduled');
  }
  if (!dcsReachable(world, member)) return null;
  if (step.method === 'DELETE') return cancelSwitchover(world);
  switch (step.path) {
    case '/reinitialize':
      return postReinitialize(world, member, body['force'] === true);
    case '/restart':
      return postRestart(world, member, body);
    case '/switchover':
      return postSwitchover(world, member, body, step.timeoutMs);
    case '/failover':
      return postFailover(world, member, body, step.timeoutMs);
    default:
      return step.path satisfies never;
  }
}

function cancelSwitchover(world: World): HttpAnswer {
  if (world.etcd.failover?.scheduledAt == null) return answer(404, 'no switchover is scheduled');
  writeWish(world.etcd, null);
  return answer(200, 'scheduled switchover deleted');
}

function postReinitialize(world: World, member: MemberSim, force: boolean): HttpAnswer {
  const holder = world.etcd.leader?.holder ?? null;
  if (holder === null) return answer(503, 'Cluster has no leader, can not reinitialize');
  if (holder === member.name) return answer(503, 'I am the leader, can not reinitialize');
  const { task } = member.patroni;
  if (task !== null && !force) return answer(503, `${task.kind} already in progress`);
  reinitialize(world, member);
  return answer(200, 'reinitialize started');
}

function restart(world: World, member: MemberSim): void {
  const end = () => {
    stopPostgres(member);
    begin(world, member);
  };
  runTask(world, member, 'restart', [{ state: 'restarting', role: null, forMs: 800, end }]);
}

/** The restart of an operator's schedule, at its time. What stands in its way then, ends it. [ha.py evaluate_scheduled_restart] */
export function restartWhenDue(world: World, member: MemberSim): void {
  const { patroni } = member;
  const due = patroni.scheduledRestart;
  if (due === null || world.time.nowMs < due.atMs) return;
  patroni.scheduledRestart = null;
  if (patroni.task !== null || !isUp(member) || (due.onlyIfPending && !patroni.pendingRestart)) return;
  restart(world, member);
}

async function postRestart(world: World, member: MemberSim, body: Body): Promise<HttpAnswer> {
  const { patroni, postgres } = member;
  const role = textOf(body['role']);
  const isReplica = postgres.inRecovery;
  if (role !== null && (role === 'replica') !== isReplica) return answer(503, 'restart conditions are not satisfied');
  if ('restart_pending' in body && !patroni.pendingRestart) return answer(503, 'restart conditions are not satisfied');
  if (patroni.task !== null) return answer(503, `${patroni.task.kind} already in progress`);
  if (postgres.process === 'starting') return answer(503, 'postgres is still starting');
  let ended = false;
  restart(world, member);
  const timeoutMs = 1000 * (typeof body['timeout'] === 'number' ? body['timeout'] : 60);
  await world.time.block(() => {
    ended ||= patroni.task === null && patroni.startingSinceMs === null;
    return ended;
  }, timeoutMs);
  if (!isUp(member)) return answer(503, 'restart failed');
  return answer(200, 'restarted successfully');
}

async function postSwitchover(world: World, member: MemberSim, body: Body, timeoutMs: number): Promise<HttpAnswer> {
  const leader = textOf(body['leader']);
  const candidate = textOf(body['candidate']) ?? textOf(body['member']);
  const scheduledAt = textOf(body['scheduled_at']);
  const { paused } = world.etcd.config;
  if (leader === null) return answer(400, 'Switchover could be performed only from a specific leader');
  if (scheduledAt !== null) return schedule(world, member, { leader, member: candidate, scheduledAt });
  if (paused && candidate === null)
    return answer(400, 'Switchover is possible only to a specific candidate in a paused state');
  if (candidate === leader && !isOldPatroni(member)) return answer(400, 'Switchover target and source are the same');
  const problem = notPossible(world, member, leader, candidate, 'switchover');
  if (problem !== null) return answer(412, problem);
  writeWish(world.etcd, { leader, member: candidate, scheduledAt: null });
  return poll(world, candidate, 'Switchover', timeoutMs);
}

/** Whether it will be possible is not asked: neither who leads nor whether there is such a candidate. */
function schedule(world: World, asked: MemberSim, wish: FailoverKey): HttpAnswer {
  if (world.etcd.config.paused) return answer(400, "Can't schedule switchover in the paused state");
  const text = wish.scheduledAt ?? '';
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs))
    return answer(422, 'Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601');
  if (!/(Z|[+-]\d{2}:?\d{2})$/.test(text))
    return answer(400, 'Timezone information is mandatory for the scheduled switchover');
  if (atMs <= world.time.nowMs) return answer(422, 'Cannot schedule switchover in the past');
  if (wish.member === wish.leader && !isOldPatroni(asked))
    return answer(400, 'Switchover target and source are the same');
  writeWish(world.etcd, wish);
  for (const member of world.members) wake(world, member);
  return answer(202, 'Switchover scheduled');
}

async function postFailover(world: World, member: MemberSim, body: Body, timeoutMs: number): Promise<HttpAnswer> {
  const candidate = textOf(body['candidate']) ?? textOf(body['member']);
  const leader = textOf(body['leader']);
  if (candidate === null) return answer(400, 'Failover could be performed only to a specific candidate');
  // From 3.2 on a failover that names the leader is carried out as a switchover.
  const what = leader !== null && !isOldPatroni(member) ? 'switchover' : 'failover';
  if (leader === candidate && what === 'switchover') return answer(400, 'Switchover target and source are the same');
  const problem = notPossible(world, member, leader, candidate, what);
  if (problem !== null) return answer(412, problem);
  writeWish(world.etcd, { leader, member: candidate, scheduledAt: null });
  return poll(world, candidate, what === 'failover' ? 'Failover' : 'Switchover', timeoutMs);
}

function notPossible(
  world: World,
  member: MemberSim,
  leader: string | null,
  candidate: string | null,
  what: 'switchover' | 'failover',
): string | null {
  if (leader !== null && world.etcd.leader?.holder !== leader) return 'leader name does not match';
  if (candidate === null) return null;
  const { sync } = world.etcd;
  if (what === 'switchover' && sync !== null && !sync.standbys.includes(candidate))
    return 'candidate name does not match with sync_standby';
  const found = world.members.find((other) => other.name === candidate);
  if (found === undefined) return 'candidate does not exists';
  const good = (found === member || reaches(world, member, found)) && !mayNotLead(found);
  return good ? null : `${what} is not possible: no good candidates have been found`;
}

const wake = (world: World, member: MemberSim): void => {
  member.patroni.nextLoopMs = Math.min(member.patroni.nextLoopMs, world.time.nowMs + 200);
};

/** Patroni answers when the leader key has moved, not when the new leader has been promoted. [patroni.md fact 8] */
async function poll(
  world: World,
  to: string | null,
  what: 'Switchover' | 'Failover',
  timeoutMs: number,
): Promise<HttpAnswer> {
  const from = world.etcd.leader?.holder ?? null;
  for (const member of world.members) wake(world, member);
  const holder = () => world.etcd.leader?.holder ?? null;
  const gaveUp = () => world.etcd.failover === null && holder() === from;
  const limitMs = Math.min(timeoutMs, 2 * Math.max(10_000, world.options.loopWaitMs));
  await world.time.block(() => (holder() !== null && holder() !== from) || gaveUp(), limitMs);
  const now = holder();
  const verb = what === 'Switchover' ? 'switched' : 'failed';
  if (now !== null && now !== from) {
    const as =
      to === null || now === to
        ? `Successfully ${verb} over to "${now}"`
        : `${verb === 'switched' ? 'Switched' : 'Failed'} over to "${now}" instead of "${to}"`;
    return answer(200, as);
  }
  return answer(503, gaveUp() ? `${what} failed` : `${what} status unknown`);
}
