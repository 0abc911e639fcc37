// (f) Replay: the incidents in test/incidents, decided and written as a daemon of today does, read from the disk, checked against the hashes of
// their lines and decided again, over and over.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide } from '../../dist/decide/decide.js';
import { openJournal } from '../../dist/journal/open.js';
import { readJournal } from '../../dist/journal/read.js';
import { holdsPolicy } from '../../dist/model/entry.js';
import { situationFrom } from '../../dist/model/situation.js';
import { isAsItWas, REPLAYED_KINDS } from '../../dist/replay/redecided.js';
import { withLaterActions } from '../../dist/replay/policy-of-then.js';
import { replayer } from '../../dist/replay/replay.js';
import { ROOT } from '../ready.mjs';

const FOLDER = `${ROOT}test/incidents`;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 6_000;

const incidents = readdirSync(FOLDER, { withFileTypes: true }).flatMap((row) =>
  row.isDirectory() ? [`${FOLDER}/${row.name}`] : [],
);

/**
 * What this version decides in each pass: the words of an earlier one would be told apart sentence by sentence, which is not what
 * is measured here.
 */
function inTodaysWords() {
  let policy = null;
  return (body) => {
    if (holdsPolicy(body)) policy = withLaterActions(body.policy);
    const isDecided = body.kind === 'pass' && body.view !== null && body.states !== null && body.isLast !== true;
    return isDecided ? { ...body, decisions: decide(situationFrom(body, policy)) } : body;
  };
}

/** Copies in `folder`: what a pass was decided on whole or as a difference, as it is written today. */
async function rewritten(folder) {
  const copies = [];
  for (const [index, incident] of incidents.entries()) {
    const directory = join(folder, String(index));
    const today = inTodaysWords();
    let journal = null;
    for await (const { atMs, scope, body } of readJournal(incident)) {
      journal ??= await openJournal({ directory, scope, maxFileBytes: 1e9, keepFiles: 0 });
      await journal.append({ atMs, scope, body: today(body) });
    }
    await journal?.close();
    copies.push(directory);
  }
  return copies;
}

/** Passes and second looks of one reading of all of them. */
async function once(journals) {
  let decided = 0;
  for (const journal of journals) {
    const redecide = replayer();
    for await (const entry of readJournal(journal, { kinds: REPLAYED_KINDS })) {
      const again = redecide(entry);
      if (again === null) continue;
      if (!isAsItWas(again)) throw new Error(`entry ${entry.seq} of ${journal} is not decided again as it was`);
      decided += 1;
    }
  }
  return decided;
}

/** How many decisions a second of one core are made again: `whole` from the disk, `pure` from entries that were read before. */
export async function benchReplay() {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-bench-'));
  try {
    return await measured(await rewritten(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measured(journals) {
  const began = performance.now();
  while (performance.now() - began < WARM_UP_MS) await once(journals);
  const whole = await rate(() => once(journals));
  const entries = [];
  for (const journal of journals) for await (const entry of readJournal(journal)) entries.push(entry);
  const pure = await rate(() => {
    const redecide = replayer();
    return entries.filter((entry) => redecide(entry) !== null).length;
  });
  return { whole, pure };
}

/** By processor time, so that what else the machine does costs nothing. */
async function rate(work) {
  const before = process.cpuUsage();
  const began = performance.now();
  let decided = 0;
  while (performance.now() - began < MEASURED_MS) decided += await work();
  const { user, system } = process.cpuUsage(before);
  return (decided / (user + system)) * 1e6;
}
