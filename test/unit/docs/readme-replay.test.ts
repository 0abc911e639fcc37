import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replayerOf } from '../../../src/cli/backend/replay.js';
import { readJournal } from '../../../src/journal/read.js';
import { cli } from '../../support/fake-cli.js';
import { scratch } from '../../support/scratch.js';

const ROOT = join(import.meta.dirname, '../../..');
const BLOCK = /\$ cat candidate\.yaml.*\n([^$]+)\$ ekimi (replay \S+ --policy candidate\.yaml).*\n([^`]+)```/;

describe('the example of ekimi replay in the README', () => {
  it('is what the command prints for that incident under the policy that is shown', async () => {
    const [, policy = '', command = '', told = ''] = BLOCK.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
    const file = join(scratch('readme'), 'candidate.yaml');
    writeFileSync(file, policy);
    const { out, exit } = await cli(command, {
      backend: {
        readJournal: (directory, options) => readJournal(join(ROOT, directory), options),
        replayer: async () => replayerOf(file),
      },
    });
    expect(exit).toBe(1);
    expect(out).toBe(told);
  });
});
