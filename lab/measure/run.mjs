// One run: a whole cluster, a writer, a fault, a whole cluster again, and what it cost.
import { join } from 'node:path';
import { decisionsIn, Ekimi, requestsIn } from './ekimi.mjs';
import { lost, outage, takers, unsentBytes } from './figures.mjs';
import { PASSWORD } from './lab.mjs';
import { Observer } from './observer.mjs';
import { nowMs, sleep, until } from './pause.mjs';
import { Person } from './person.mjs';
import { madeWhole, whole } from './whole.mjs';
import { Writer } from './writer.mjs';

const WARM_UP_MS = 5_000;
/** A fault at a random point of Patroni's period: the leader key is between 20 and 30 s from its end. */
const LOOP_WAIT_MS = 10_000;
const FLOWING_MS = 10_000;
/** How long a controller is given to start a member that was killed, before the tool does it. */
const REJOIN_MS = 75_000;
/** How long writes have flowed again before the tool starts it, where the controller is not given that time. */
const TAKEN_OVER_MS = 5_000;
/** How long a controller is given to bring back a member that does not come back by its start alone. */
const REPAIR_MS = 300_000;

/**
 * @typedef {{ lab: import('./lab.mjs').Lab, name: string, scenario: object, ekimi: boolean, dist: string, policy: string | null,
 *   folder: string, id: string, rejoin: boolean, signal: AbortSignal, say: (text: string) => void }} Run
 * `rejoin`: the controller is given its time to start a killed member
 */

/** What a run and a series have in common: who writes, who looks on, who is measured. @param {Omit<Run, 'name' | 'scenario' | 'rejoin'>} run */
export function partsOf(run) {
  return {
    writer: new Writer({
      host: run.lab.addr,
      port: 5000,
      password: PASSWORD,
      run: run.id,
      memberAt: (address) => run.lab.memberAt(address),
    }),
    observer: new Observer(run.lab),
    ekimi: run.ekimi
      ? new Ekimi({
          lab: run.lab,
          dist: run.dist,
          policy: run.policy,
          folder: join(run.folder, run.id),
          modes: run.scenario?.modes,
        })
      : null,
  };
}

/** Never rejects but by abort: a run that fails is a row with `error`. @param {Run} run */
export async function oneRun(run) {
  const base = {
    id: run.id,
    scenario: run.name,
    patroni: run.lab.patroni,
    sync: run.lab.sync,
    with: run.ekimi ? 'ekimi' : 'stock',
    startedAt: new Date().toISOString(),
  };
  const parts = partsOf(run);
  parts.person = parts.ekimi && run.scenario.agrees ? new Person(parts.ekimi, run.scenario.agrees) : null;
  try {
    return { ...base, ...(await measured(run, parts)) };
  } catch (error) {
    if (run.signal.aborted) throw error;
    return { ...base, error: error.message };
  } finally {
    parts.person?.stop();
    parts.observer.stop();
    await parts.writer.stop();
    await parts.ekimi?.stop();
    await run.scenario.undo?.(run.lab);
  }
}

/** The cluster is whole, the writer writes, the controller may act. */
export async function begun(run, { writer, observer, ekimi }) {
  await madeWhole(run);
  await writer.prepare();
  await ekimi?.start(run.signal);
  observer.start();
  writer.start();
  await sleep(WARM_UP_MS, run.signal);
  await ekimi?.graceOver(run.signal);
}

async function measured(run, parts) {
  const { lab, scenario, signal, say } = run;
  const { writer, observer, ekimi, person } = parts;
  // In force long before the fault: each member takes it in its next loop.
  await scenario.prepare?.(lab);
  await begun(run, parts);
  await scenario.beforehand?.(lab, { writer, ekimi, signal });
  await sleep(LOOP_WAIT_MS * (scenario.prepare ? 1 : 0) + Math.random() * LOOP_WAIT_MS, signal);

  const who = await scenario.who(lab);
  const before = await lab.leader();
  const beganMs = nowMs();
  const deadlineMs = performance.now() + scenario.deadlineMs;
  const left = () => Math.max(1_000, deadlineMs - performance.now());
  void person?.watch();
  await scenario.fault(lab, who, signal, ekimi);
  say(`  ${run.name} on ${who} (leader ${before})`);
  await sleep(scenario.holdMs - Math.min(scenario.holdMs, nowMs() - beganMs), signal);

  const healedBy = await healed(run, who, writer, left);
  const repairedBy = await repaired(run, who);
  await until('writes have flowed for 10 s', () => writer.flowingForMs() >= FLOWING_MS, { withinMs: left(), signal });
  await whole(lab, { withinMs: left(), signal });
  const wholeMs = nowMs();
  person?.stop();
  await writer.stop();
  await ekimi?.stop();
  observer.stop();
  const [present, forks] = await Promise.all([writer.readBack(), lab.forks()]);
  return figures({ run, who, before, beganMs, wholeMs, healedBy, repairedBy, present, forks, ...parts });
}

/** The fault is undone: by the controller where it is its to do and it does it in time, else by us. */
async function healed(run, who, writer, left) {
  const { lab, scenario, ekimi, signal } = run;
  if (scenario.heal === null) return 'nobody';
  const flowsElsewhere = (ms) => () => writer.flowingForMs() >= ms && writer.acks.at(-1).member !== who;
  const takenOver = (ms) => until('another member takes writes', flowsElsewhere(ms), { withinMs: left(), signal });
  if (scenario.takeover) await takenOver(1_000);
  if (ekimi && scenario.rejoins && (await lab.state(who)) !== 'running') {
    if (!run.rejoin) await takenOver(TAKEN_OVER_MS);
    else
      try {
        const runs = async () => (await lab.state(who)) === 'running';
        await until(`${who} is started again`, runs, { withinMs: REJOIN_MS, signal });
        return 'ekimi';
      } catch (error) {
        if (signal.aborted) throw error;
      }
  }
  await scenario.heal(lab, who);
  return 'tool';
}

/** Where a start is not enough: by the controller and the person who agrees, else by that person alone. */
async function repaired(run, who) {
  const { lab, scenario, ekimi, signal } = run;
  if (scenario.last === undefined) return null;
  if (ekimi)
    try {
      const streams = async () => (await lab.streaming()).includes(who);
      await until(`${who} streams again`, streams, { withinMs: REPAIR_MS, signal });
      return 'ekimi';
    } catch (error) {
      if (signal.aborted) throw error;
    }
  await scenario.last(lab, who, signal);
  return 'tool';
}

function figures({
  run,
  who,
  before,
  beganMs,
  wholeMs,
  healedBy,
  repairedBy,
  writer,
  observer,
  ekimi,
  person,
  ...end
}) {
  const struck = run.scenario.struck?.(who);
  const faultMs = observer.facts.find((fact) => fact.atMs >= beganMs - 1_000 && struck?.(fact))?.atMs ?? beganMs;
  const since = (atMs) => (atMs === null || atMs === undefined ? null : Math.round(atMs - faultMs));
  const other = (fact) => fact.member !== before;
  const takenMs = observer.first('key-put', faultMs, other)?.atMs ?? null;
  const gone = lost(writer.acks, end.present, end.forks, takenMs);
  const requests = requestsIn(ekimi?.journal() ?? [], faultMs - 1_000);
  return {
    who,
    leaderBefore: before,
    leaderAfter: writer.acks.at(-1)?.member ?? null,
    ...outageFigures(writer.acks, faultMs),
    acks: writer.acks.length,
    lost: gone.rows,
    lostUnsent: gone.unsent,
    lostBy: gone.by,
    unsentBytes: unsentBytes(writer.acks, end.forks, takenMs),
    twoPrimariesMs: observer.twoPrimariesMs(faultMs),
    failures: writer.failures,
    takers: takers(writer.acks).map((span) => ({ member: span.member, rows: span.rows, fromMs: since(span.fromMs) })),
    roles: observer.roleChanges(faultMs).map(({ atMs, member, detail }) => `${since(atMs)} ${member} ${detail}`),
    after: marks({ who, faultMs, takenMs, wholeMs, since, other, writer, observer, ekimi, requests }),
    healedBy,
    repairedBy,
    requests: requests.map((request) => ({ ...request, atMs: since(request.atMs) })),
    agreed: (person?.agreed ?? []).map((row) => ({
      ...row,
      askedMs: since(row.askedMs),
      agreedMs: since(row.agreedMs),
    })),
  };
}

function outageFigures(acks, faultMs) {
  const gap = outage(acks, faultMs);
  return { outageMs: gap.longestMs, gapsMs: gap.overOneSecondMs };
}

function marks({ who, faultMs, takenMs, wholeMs, since, other, writer, observer, ekimi, requests }) {
  const decisions = decisionsIn(ekimi?.journal() ?? [], faultMs);
  const died = (fact) => fact.member === who && fact.detail === 'die';
  return {
    lastAckBeforeMs: since(writer.acks.findLast((ack) => ack.atMs <= faultMs)?.atMs),
    dockerDieMs: since(observer.first('docker', faultMs - 1, died)?.atMs),
    seenMs: since(decisions.seen?.atMs),
    actMs: since(decisions.act?.atMs),
    firstRequestMs: since(requests[0]?.atMs),
    keyDeletedMs: since(observer.first('key-deleted', faultMs)?.atMs),
    keyNewMs: since(takenMs),
    primary200Ms: since(observer.first('primary-200', faultMs, other)?.atMs),
    proxyUpMs: since(observer.first('proxy-up', faultMs, other)?.atMs),
    firstAckMs: since(outage(writer.acks, faultMs).endedMs),
    wholeMs: since(wholeMs),
  };
}
