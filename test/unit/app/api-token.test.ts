import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer } from '../../../src/api/server.js';
import { accessOf, renewer, withToken } from '../../../src/app/api-access.js';
import { learningRedactorOf } from '../../../src/config/redactor.js';
import type { ApiToken, EkimiConfig } from '../../../src/model/config.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { accepted, configFrom, CONTRACT_CONFIG } from '../config/files.js';
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

describe('[A11] tokens that are renewed while the daemon runs', () => {
  const token = (name: string, role: ApiToken['role'], secret: string): ApiToken => ({ name, role, token: secret });
  const FORMER = [
    token('dba', 'operator', 'the-former-token-of-the-dba'),
    token('wall', 'viewer', 'the-token-of-the-wall'),
  ];
  const configWith = (tokens: readonly ApiToken[]): EkimiConfig => {
    const config = accepted(configFrom(CONTRACT_CONFIG));
    return { ...config, api: { ...api, tokens } };
  };

  async function running() {
    const controller = new FakeController(SCENARIOS.healthy());
    const redact = learningRedactorOf(configWith(FORMER));
    const parts = { redact, log, keep: false };
    const first = await accessOf(configWith(FORMER), parts);
    const server = await startServer({
      config: first,
      controller,
      log,
      metrics: createMetrics(controller),
      redact: redact.json,
    });
    const status = async (secret: string, path = '/v1/clusters'): Promise<number> => {
      const abort = new AbortController();
      const headers = { authorization: `Bearer ${secret}` };
      const answer = await fetch(`${server.url}${path}`, { headers, signal: abort.signal });
      abort.abort();
      return answer.status;
    };
    const follow = (secret: string): Promise<Response> =>
      fetch(`${server.url}/v1/events`, { headers: { authorization: `Bearer ${secret}` } });
    return { server, redact, status, follow, renew: renewer(server, first, parts) };
  }

  it('the former one is refused, its streams end, and the new one is let in and hidden from then on', async () => {
    const { server, redact, status, follow, renew } = await running();
    try {
      const [gone, stays] = [await follow('the-former-token-of-the-dba'), await follow('the-token-of-the-wall')];
      const next = [
        token('dba', 'operator', 'its-successor-of-the-dba'),
        FORMER[1]!,
        token('new', 'approver', 'somebody-else-here'),
      ];
      const told = await renew(configWith(next));
      expect(told).toEqual([
        'api.tokens: dba (operator) has a new token; the former one is refused',
        'api.tokens: new (approver) is let in',
        'event streams that are let in no more were ended: 1',
      ]);
      expect(await status('the-former-token-of-the-dba')).toBe(401);
      expect(await status('its-successor-of-the-dba')).toBe(200);
      await expect(gone.text()).rejects.toThrow();
      const reader = stays.body!.getReader();
      expect((await reader.read()).done).toBe(false);
      await reader.cancel();
      expect(redact.text('x its-successor-of-the-dba the-former-token-of-the-dba')).toBe('x [secret] [secret]');
    } finally {
      await server.close();
    }
  });

  it('one that is taken out or has another role counts so from the next request on', async () => {
    const { server, status, renew } = await running();
    try {
      const told = await renew(configWith([token('dba', 'viewer', 'the-former-token-of-the-dba')]));
      expect(told).toEqual([
        'api.tokens: wall (viewer) is refused from now on',
        'api.tokens: dba (viewer) had the role operator',
      ]);
      expect(await status('the-token-of-the-wall')).toBe(401);
    } finally {
      await server.close();
    }
  });

  it('none at all makes one for whoever may read the folder of the journal, which no answer and no line shows', async () => {
    const { server, redact, status, renew } = await running();
    try {
      const directory = scratch('token');
      const config = configWith([]);
      await renew({ ...config, journal: { ...config.journal, directory } });
      expect(await status('the-former-token-of-the-dba')).toBe(401);
    } finally {
      await server.close();
    }
    const directory = scratch('token');
    const config = configWith([]);
    const { tokens } = await accessOf(
      { ...config, journal: { ...config.journal, directory } },
      { redact, log, keep: true },
    );
    expect(redact.text(`a ${tokens[0]!.token}`)).toBe('a [secret]');
  });
});
