#!/usr/bin/env node
// `npm run explore`: the property suites with seeds that nobody has tried, until one fails or the rounds are over.
//
//   npm run explore                   ten rounds
//   npm run explore -- --rounds 100
//   npm run explore -- --seed 42      one round with this seed
//
// A failure prints fast-check's counterexample with seed and path. Keep it: write the shrunken case as a test of its own, named after the
// situation, beside the property that failed. `npm test` itself always draws the same cases (test/support/seed.ts).
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' }, seed: { type: 'string' } } });
const rounds = values.seed === undefined ? Number(values.rounds) : 1;
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`--rounds ${values.rounds} is no number of rounds\n`);
  process.exit(2);
}

for (let round = 1; round <= rounds; round += 1) {
  const seed = values.seed ?? String(randomInt(2 ** 31));
  process.stdout.write(`round ${round} of ${rounds}, seed ${seed}\n`);
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'property', '--reporter=dot'];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, EKIMI_SEED: seed } });
  if (status === 0) continue;
  process.stdout.write(
    `\nagain: npm run explore -- --seed ${seed}\nThen keep the counterexample above as a test of its own.\n`,
  );
  process.exit(1);
}
