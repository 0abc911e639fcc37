// One run: a whole cluster, a writer, a fault, a whole cluster again, and what it cost.
import { join } from 'node:path';
import { decisionsIn, Ekimi, requestsIn } from './ekimi.mjs';
import { lost, outage, takers } from './figures.mjs';
import { PASSWORD } from './lab.mjs';
import { Observer } from './observer.mjs';
import { nowMs, sleep, until } from './pause.mjs';
import { Writer } from './writer.mjs';

const WARM_UP_MS = 5_000;
/** A fault at a random point of Patroni's period: the leader key is between 20 and 30 s from its end. */
const LOOP_WAIT_MS = 10_000;
const FLOWING_MS = 10_000;
/** How long a controller is given to start a member that was killed, before the tool does it. */
const REJOIN_MS = 75_000;

/**
 * @typedef {{ lab: import('./lab.mjs').Lab, name: string, scenario: object, ekimi: boolean, dist: string, policy: string | null,
 *   folder: string, id: string, signal: AbortSignal, say: (text: string) => void }} Run
 */

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
  const parts = {
    writer: new Writer({
      host: run.lab.addr,
      port: 5000,
      password: PASSWORD,
      run: run.id,
      memberAt: (address) => run.lab.memberAt(address),
    }),
    observer: new Observer(run.lab),
    ekimi: run.ekimi
      ? new Ekimi({ lab: run.lab, dist: run.dist, policy: run.policy, folder: join(run.folder, run.id) })
      : null,
  };
  try {
    return { ...base, ...(await measured(run, parts)) };
  } catch (error) {
    if (run.signal.aborted) throw error;
    return { ...base, error: error.message };
  } finally {
    parts.observer.stop();
    await parts.writer.stop();
    await parts.ekimi?.stop();
  }
}

async function measured(run, { writer, observer, ekimi }) {
  const { lab, scenario, signal, say } = run;
  await madeWhole(run);
  await writer.prepare();
  await ekimi?.start(signal);
  observer.start();
  writer.start();
  await sleep(WARM_UP_MS + Math.random() * LOOP_WAIT_MS, signal);

  const who = await scenario.who(lab);
  const before = await lab.leader();
  const beganMs = nowMs();
  const deadlineMs = performance.now() + scenario.deadlineMs;
  const left = () => Math.max(1_000, deadlineMs - performance.now());
  await scenario.fault(lab, who, signal);
  say(`  ${run.name} on ${who} (leader ${before})`);
  await sleep(scenario.holdMs - Math.min(scenario.holdMs, nowMs() - beganMs), signal);

  const healedBy = await healed(run, who, writer, left);
  await until('writes have flowed for 10 s', () => writer.flowingForMs() >= FLOWING_MS, { withinMs: left(), signal });
  await lab.whole({ withinMs: left(), signal });
  const wholeMs = nowMs();
  await writer.stop();
  await ekimi?.stop();
  observer.stop();
  const present = await writer.readBack();

  return figures({ run, who, before, beganMs, wholeMs, healedBy, writer, observer, ekimi, present });
}

/** The fault is undone: by the controller where it is its to do and it does it in time, else by us. */
async function healed(run, who, writer, left) {
  const { lab, scenario, ekimi, signal } = run;
  if (scenario.heal === null) return 'nobody';
  const takenOver = () => writer.flowingForMs() >= 1_000 && writer.acks.at(-1).member !== who;
  if (scenario.healAfterTakeover) await until('another member takes writes', takenOver, { withinMs: left(), signal });
  if (ekimi && scenario.rejoins && (await lab.state(who)) !== 'running') {
    try {
      await until(`${who} is started again`, async () => (await lab.state(who)) === 'running', {
        withinMs: REJOIN_MS,
        signal,
      });
      return 'ekimi';
    } catch (error) {
      if (signal.aborted) throw error;
    }
  }
  await scenario.heal(lab, who);
  return 'tool';
}

/** A cluster left broken by an earlier run is healed, and where that does not help made anew. */
async function madeWhole({ lab, signal, say }) {
  try {
    await lab.whole({ withinMs: 90_000, signal });
    return;
  } catch (error) {
    if (signal.aborted) throw error;
    say(`  not whole: ${error.message}; healing`);
  }
  try {
    await lab.heal('all', null);
    await lab.whole({ withinMs: 90_000, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    say(`  ${error.message}; a new lab`);
    await lab.down();
    await lab.up();
    await lab.whole({ withinMs: 90_000, signal });
  }
}

function figures({ run, who, before, beganMs, wholeMs, healedBy, writer, observer, ekimi, present }) {
  const struck = run.scenario.struck?.(who);
  const faultMs = observer.facts.find((fact) => fact.atMs >= beganMs - 1_000 && struck?.(fact))?.atMs ?? beganMs;
  const since = (atMs) => (atMs === null || atMs === undefined ? null : Math.round(atMs - faultMs));
  const gap = outage(writer.acks, faultMs);
  const gone = lost(writer.acks, present);
  const other = (fact) => fact.member !== before;
  const journal = ekimi?.journal() ?? [];
  const requests = requestsIn(journal, faultMs - 1_000);
  const decisions = decisionsIn(journal, faultMs);
  return {
    who,
    leaderBefore: before,
    leaderAfter: writer.acks.at(-1)?.member ?? null,
    outageMs: gap.longestMs,
    gapsMs: gap.overOneSecondMs,
    acks: writer.acks.length,
    lost: gone.rows,
    lostBy: gone.by,
    twoPrimariesMs: observer.twoPrimariesMs(faultMs),
    failures: writer.failures,
    takers: takers(writer.acks).map((span) => ({ member: span.member, rows: span.rows, fromMs: since(span.fromMs) })),
    roles: observer.roleChanges(faultMs).map(({ atMs, member, detail }) => `${since(atMs)} ${member} ${detail}`),
    after: {
      lastAckBeforeMs: since(writer.acks.findLast((ack) => ack.atMs <= faultMs)?.atMs),
      dockerDieMs: since(
        observer.first('docker', faultMs - 1, (fact) => fact.member === who && fact.detail === 'die')?.atMs,
      ),
      seenMs: since(decisions.seen?.atMs),
      actMs: since(decisions.act?.atMs),
      firstRequestMs: since(requests[0]?.atMs),
      keyDeletedMs: since(observer.first('key-deleted', faultMs)?.atMs),
      keyNewMs: since(observer.first('key-put', faultMs, other)?.atMs),
      primary200Ms: since(observer.first('primary-200', faultMs, other)?.atMs),
      proxyUpMs: since(observer.first('proxy-up', faultMs, other)?.atMs),
      firstAckMs: since(gap.endedMs),
      wholeMs: since(wholeMs),
    },
    seen: decisions.seen?.what ?? null,
    healedBy,
    requests: requests.map((request) => ({ ...request, atMs: since(request.atMs) })),
  };
}
