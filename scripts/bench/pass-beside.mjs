// (a) beside the version before: each version's own bench of its pure part, in processes that take turns.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../ready.mjs';

const ROUNDS = 3;
const CODE =
  'import(process.argv[1]).then(({ benchPass }) => benchPass()).then((rows) => console.log(JSON.stringify(rows)))';

async function measured(folder) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '-e',
    CODE,
    join(resolve(folder), 'scripts/bench/pass.mjs'),
  ]);
  return JSON.parse(stdout);
}

/** Median microseconds of each round in each situation; `before` is a built checkout of an older version, or null. */
export async function benchPassBeside(before) {
  const now = [];
  const old = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    now.push(await measured(ROOT));
    if (before !== null) old.push(await measured(before));
  }
  const mediansOf = (rounds, name) => rounds.map((rows) => rows.find((row) => row.name === name).medianUs);
  return now[0].map(({ name, problems }) => ({
    name,
    problems,
    nowUs: mediansOf(now, name),
    beforeUs: before === null ? null : mediansOf(old, name),
  }));
}
