import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { controllerOf } from '../../../src/fleet/controller.js';
import type { ApiToken } from '../../../src/model/config.js';
import { testPolicy } from '../../support/policy.js';
import { rig, type Rig } from '../../support/simulated.js';

const policy = testPolicy(
  { approvals: { ...testPolicy().approvals, twoPersonsFor: ['restart-member'] } },
  { 'restart-member': { mode: 'approve' } },
);
const tokenOf = (name: string): string => `the-very-secret-token-of-${name}`;
const token = (name: string): ApiToken => ({ name, role: 'operator', token: tokenOf(name) });
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The real controller on the simulated cluster behind the real server. */
async function serving(): Promise<{ ekimi: Rig; post: (by: string, path: string, body: object) => Promise<Answer> }> {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  const controller = controllerOf([ekimi.session]);
  const config = { host: '127.0.0.1', port: 0, tokens: [token('ann'), token('bob')] };
  const server = await startServer({
    config,
    controller,
    log,
    metrics: createMetrics(controller),
    redact: (document) => document,
  });
  servers.push(server);
  const scope = ekimi.session.parts.target.scope;
  const post = async (by: string, path: string, body: object): Promise<Answer> => {
    let isAnswered = false;
    const asked = fetch(`${server.url}/v1/clusters/${scope}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenOf(by)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).finally(() => {
      isAnswered = true;
    });
    // Its answer comes from a pass, which nobody else makes here.
    const pass = async (): Promise<void> => {
      if (isAnswered) return;
      await ekimi.pass();
      await new Promise((resolve) => setImmediate(resolve));
      await pass();
    };
    await pass();
    const answer = await asked;
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  };
  return { ekimi, post };
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('an approval over HTTP where two persons are needed', () => {
  it('is no word of whoever started it: 403, with who must; another one decides it, and nothing was sent before', async () => {
    const { ekimi, post } = await serving();
    const started = await post('ann', 'procedures', { name: 'restart-member', target: 'patroni3', reason: 'openssl' });
    expect(started.status).toBe(409);
    const [waiting] = ekimi.approvals('waiting');
    expect(waiting).toBeDefined();
    const path = `approvals/${waiting?.id ?? ''}/approve`;
    expect(await post('ann', path, { reason: 'sure' })).toMatchObject({
      status: 403,
      body: {
        code: 'same-person',
        message: 'ann started it already: a person with another token must approve it',
        remedy: expect.stringContaining('another token') as string,
      },
    });
    expect(ekimi.approvals('waiting')).toHaveLength(1);
    expect(ekimi.requests()).toEqual([]);
    expect((await post('bob', path, { reason: 'looked' })).status).toBe(200);
    expect(ekimi.approvals('approved')).toHaveLength(1);
  });

  it('is given once: whoever sends it again, with yes or no, changes nothing and is told what it is by then', async () => {
    const { ekimi, post } = await serving();
    await post('ann', 'procedures', { name: 'restart-member', target: 'patroni3', reason: 'openssl' });
    const id = ekimi.approvals('waiting')[0]?.id ?? '';
    expect((await post('bob', `approvals/${id}/approve`, { reason: 'looked' })).status).toBe(200);
    const decided = ekimi.approvals('approved');
    for (const by of ['bob', 'ann'])
      for (const verb of ['approve', 'reject'])
        expect(await post(by, `approvals/${id}/${verb}`, { reason: 'again' })).toMatchObject({
          status: 409,
          body: { code: 'conflict', message: expect.stringContaining(id) as string },
        });
    expect(ekimi.approvals('approved')).toEqual(decided);
    expect(ekimi.approvals('waiting')).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });
});
