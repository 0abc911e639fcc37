// (a) The pure part of one pass: remember, findingsIn, advance, afterPass, decide, on inputs that the real controller met on the simulated cluster.
import { findingsIn } from '../../dist/assess/assess.js';
import { loadPolicy } from '../../dist/config/load-policy.js';
import { dcsLedgerStore } from '../../dist/kernel/ledger-store.js';
import { openSession } from '../../dist/kernel/open.js';
import { situationOf } from '../../dist/kernel/situation.js';
import { tenureKeeper } from '../../dist/kernel/tenure.js';
import { pass } from '../../dist/kernel/pass.js';
import { afterPass } from '../../dist/ledger/after-pass.js';
import { decide } from '../../dist/decide/decide.js';
import { remember } from '../../dist/machines/memory.js';
import { advance } from '../../dist/machines/reduce.js';
import { memoryJournal, recordingNotifier } from '../../dist/simulator/memory-journal.js';
import { createCluster } from '../../dist/simulator/world.js';
import { ROOT } from '../ready.mjs';
import { quantile } from './figures.mjs';

const WARM_UP = 20_000;
const MEASURED = 50_000;
const PERIOD_MS = 1_000;
/** Passes of the controller before, and passes whose inputs are kept. */
const [SETTLE, KEEP] = [15, 20];

const SITUATIONS = {
  healthy: () => undefined,
  'three problems': (cluster) => {
    cluster.breakData('patroni2');
    cluster.lag('patroni3', 'stop-replay');
    cluster.setLoad(40 * 2 ** 20);
    cluster.stopEtcd(1);
  },
};

function policy() {
  const loaded = loadPolicy(`${ROOT}config/lab.policy.yaml`);
  if (!loaded.ok) throw new Error(loaded.errors.map((error) => JSON.stringify(error)).join('\n'));
  // Dry-run asks every gate as well, and leaves the situation as it is.
  return { ...loaded.policy, mode: 'dry-run' };
}

/** What the pure part was given in `KEEP` passes after the situation had settled. */
async function inputsOf(disturb) {
  const cluster = createCluster();
  const { options } = cluster;
  const ports = cluster.ports();
  const store = dcsLedgerStore(ports.dcs);
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const session = openSession(
    {
      ports,
      target: {
        scope: options.scope,
        members: options.members,
        dcsNames: options.dcs,
        proxies: Object.keys(ports.proxies).map((name) => ({
          name,
          pools: { writes: options.primaryBackend, reads: [options.replicaBackend] },
        })),
      },
      journal: memoryJournal(),
      notifier: recordingNotifier(),
      tenure: tenureKeeper(ports.dcs, ports.clock, 'bench', 15_000),
      ledgerStore: store,
      shadowStore: store,
      windowsAt: () => ({ freeze: null, maintenance: null }),
      newId: () => 'bench',
      version: 'bench',
      instance: 'bench',
      log: silent,
    },
    policy(),
    'bench',
  );
  const inputs = [];
  for (let n = 0; n < 2 * SETTLE + KEEP; n += 1) {
    if (n === SETTLE) disturb(cluster);
    const { states, ledger } = session;
    await pass(session);
    if (n >= 2 * SETTLE) inputs.push({ view: session.view, states, ledger, input: situationOf(session, session.view) });
    cluster.advance(PERIOD_MS);
  }
  return { inputs, problems: session.states.problems.map((problem) => problem.code) };
}

/** As src/kernel/pass.ts does it. */
function purePass({ view, states, ledger, input }) {
  const memory = remember(states.memory, view);
  const findings = findingsIn({ view, memory, ledger, policy: input.policy });
  const after = advance(states, memory, view, findings, input.policy);
  const books = afterPass(ledger, { view, before: states, after, policy: input.policy });
  return decide({ ...input, states: after, ledger: books });
}

/** Microseconds of each situation: median and p99. */
export async function benchPass() {
  const rows = [];
  for (const [name, disturb] of Object.entries(SITUATIONS)) {
    const { inputs, problems } = await inputsOf(disturb);
    let decisions = 0;
    for (let n = 0; n < WARM_UP; n += 1) decisions += purePass(inputs[n % KEEP]).length;
    const tookUs = new Float64Array(MEASURED);
    for (let n = 0; n < MEASURED; n += 1) {
      const input = inputs[n % KEEP];
      const began = process.hrtime.bigint();
      decisions += purePass(input).length;
      tookUs[n] = Number(process.hrtime.bigint() - began) / 1000;
    }
    rows.push({
      name,
      problems,
      decisions: decisions / (WARM_UP + MEASURED),
      medianUs: quantile(tookUs, 0.5),
      p99Us: quantile(tookUs, 0.99),
    });
  }
  return rows;
}
