import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { withToken } from '../../../src/app/serve.js';
import { scratch } from '../../support/scratch.js';

const api = { host: '127.0.0.1', port: 0, tokens: [] };
const log = pino({ level: 'silent' });
const GOOD = 'a-token-that-was-made-before-and-kept';

async function tokenIn(directory: string): Promise<string> {
  return (await withToken(api, directory, log, true)).tokens[0]?.token ?? '';
}

describe('[A11] the operator token in the journal folder', () => {
  it('is made once and kept', async () => {
    const directory = scratch('token');
    const made = await tokenIn(directory);
    expect(readFileSync(join(directory, 'api-token'), 'utf8')).toBe(`${made}\n`);
    expect(await tokenIn(directory)).toBe(made);
  });

  it.each([
    ['a lone end of line', '\n'],
    ['nothing', ''],
    ['a short word', 'secret\n'],
    ['what no header can carry', `${GOOD} and more\n`],
  ])('that holds %s is made anew, in the file too', async (_case, content) => {
    const directory = scratch('token');
    writeFileSync(join(directory, 'api-token'), content, { mode: 0o600 });
    const made = await tokenIn(directory);
    expect(made.length).toBeGreaterThan(20);
    expect(readFileSync(join(directory, 'api-token'), 'utf8')).toBe(`${made}\n`);
  });

  it.each([0o666, 0o644, 0o660, 0o602])(
    'of mode %o is made anew: others may know it, or have written it',
    async (mode) => {
      const directory = scratch('token');
      const file = join(directory, 'api-token');
      writeFileSync(file, `${GOOD}\n`);
      chmodSync(file, mode);
      expect(await tokenIn(directory)).not.toBe(GOOD);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    },
  );

  it('that is a link to somewhere else is not followed', async () => {
    const directory = scratch('token');
    writeFileSync(join(directory, 'elsewhere'), `${GOOD}\n`, { mode: 0o600 });
    symlinkSync('elsewhere', join(directory, 'api-token'));
    expect(await tokenIn(directory)).not.toBe(GOOD);
    expect(readFileSync(join(directory, 'elsewhere'), 'utf8')).toBe(`${GOOD}\n`);
  });
});
