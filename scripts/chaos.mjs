// Random histories of the simulated cluster, each told with Ekimi and without: docs/simulator.md.
// npm run chaos -- [--stories N] [--benign N] [--seed S] [--replay FILE] [--workers W]
import { spawn } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

const FOLDER = 'var/chaos';
const RUN = `${FOLDER}/build/test/support/chaos/run.js`;
const SHOWN = 10;

const { values } = parseArgs({
  options: {
    stories: { type: 'string' },
    benign: { type: 'string' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
    workers: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
  },
});

const built = spawnSync('npx', ['tsc', '-p', 'tsconfig.chaos.json'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);

if (values.replay !== undefined) {
  process.exit(spawnSync('node', [RUN, 'replay', values.replay], { stdio: 'inherit' }).status ?? 1);
}

const { summary, counted } = await import(`../${FOLDER}/build/test/support/chaos/report.js`);

/** Seeds are dealt out: worker w tells every W-th. */
async function rowsOf(mode, count) {
  const seed = Number(values.seed);
  const workers = Math.max(1, Number(values.workers));
  const rows = [];
  const began = Date.now();
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const args = [RUN, mode, seed + worker, seed + count, workers, FOLDER].map(String);
      const child = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const line of createInterface({ input: child.stdout })) {
        const row = JSON.parse(line);
        rows.push(row);
        if (row.file !== undefined) console.log(`${row.text}\n--- again: npm run chaos -- --replay ${row.file}\n`);
        if (rows.length % 200 === 0)
          console.log(`${rows.length} of ${count}, ${Math.round((Date.now() - began) / 1000)} s`);
      }
    }),
  );
  if (rows.length < count) throw new Error(`${rows.length} of ${count} were told: a worker died`);
  return rows.sort((one, other) => one.seed - other.seed);
}

let failed = 0;

if (values.benign !== undefined) {
  const rows = await rowsOf('benign', Number(values.benign));
  const wrong = rows.filter(({ requests, thrown }) => requests.length + thrown.length > 0);
  for (const { text, thrown } of wrong.slice(0, SHOWN)) console.log([text, ...thrown].join('\n'));
  console.log(
    `${rows.length} benign episodes, ${wrong.length} with a request: ${wrong.map(({ seed }) => seed).join(', ')}`,
  );
  console.log(['pages:', ...counted(rows.flatMap(({ pages }) => pages))].join('\n'));
  failed += wrong.length;
}

if (values.stories !== undefined || values.benign === undefined) {
  const rows = await rowsOf('stories', Number(values.stories ?? '200'));
  console.log(summary(rows));
  failed += rows.filter(({ faults }) => faults.length > 0).length;
}

process.exit(failed === 0 ? 0 : 1);
