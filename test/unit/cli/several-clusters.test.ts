import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { withAsked, withScope } from '../../../src/words/scoped.js';
import { cli, type Ran } from '../../support/fake-cli.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

let server: Server | null = null;
let fake: FakeController;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function listening(...snapshots: readonly ClusterSnapshot[]): Promise<Server> {
  await server?.close();
  fake = new FakeController(...snapshots);
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [{ name: 'dba', role: 'operator', token: 'touch' }] },
    controller: fake,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    metrics: createMetrics(fake),
    redact: String,
    clock: { now: () => NOW_MS },
  });
  return server;
}

async function against(snapshots: readonly ClusterSnapshot[], argv: string): Promise<Ran> {
  const { url } = await listening(...snapshots);
  return cli(argv, { env: { EKIMI_URL: url, EKIMI_TOKEN: 'touch' } });
}

const SWITCH = { subject: 'breaker', owner: 'ekimi', reason: 'a test', sinceMs: 1, expiresAtMs: null };
/** The breaker is open; the controller of the test knows what stands under a subject by the switches. */
const broken = (snapshot: ClusterSnapshot): ClusterSnapshot => ({
  ...snapshot,
  ledger: { ...snapshot.ledger, breaker: { openSinceMs: NOW_MS - 1000, reason: 'two failed' }, switches: [SWITCH] },
});
const renamed = (snapshot: ClusterSnapshot, prefix: string): ClusterSnapshot => ({
  ...snapshot,
  scope: prefix,
  view:
    snapshot.view === null
      ? null
      : {
          ...snapshot.view,
          members: snapshot.view.members.map((one) => ({ ...one, name: `${prefix}-${one.name}` as typeof one.name })),
        },
});
const TWO = [SCENARIOS.healthy(), broken(renamed(SCENARIOS.healthy(), 'web'))];
const BOTH = [broken(SCENARIOS.healthy()), broken(renamed(SCENARIOS.healthy(), 'web'))];

describe('a daemon with several clusters', () => {
  it('a command that is printed names its cluster, and works as printed', async () => {
    const { out } = await against(BOTH, 'status');
    const commands = [...out.replace(/\s+/g, ' ').matchAll(/ekimi (resume [^)]*)/g)].map(([, argv]) => argv ?? '');
    expect(commands).toEqual([
      'resume --scope email-cluster --subject breaker',
      'resume --scope web --subject breaker',
    ]);
    for (const argv of commands) expect(await against(BOTH, argv)).toMatchObject({ exit: 0, err: '' });
    expect(fake.changes).toEqual(['resume breaker dba']);
  });

  it.each([
    [BOTH, 'ekimi resume --scope web --subject foreign-work', 'ekimi run-procedure --scope web give-back web-patroni2'],
    [BOTH.slice(1), 'ekimi resume --subject foreign-work', 'ekimi run-procedure give-back web-patroni2'],
  ])('what is refused there names it in its way on, in message and remedy alike', async (snapshots, remedy, first) => {
    const { url } = await listening(...snapshots);
    const text = 'web-patroni2 was taken out: ekimi run-procedure give-back web-patroni2 first';
    fake.procedureAnswer = { kind: 'refused', status: 409, text, conflict: 'other-version' };
    const { exit, err } = await cli('run-procedure restart-member web-patroni2 --scope web --reason x', {
      env: { EKIMI_URL: url, EKIMI_TOKEN: 'touch' },
    });
    expect(exit).toBe(65);
    expect(err).toContain(remedy);
    expect(err).toContain(first);
  });

  it('one alone is not named', async () => {
    const { out } = await against([broken(SCENARIOS.healthy())], 'status');
    expect(out).toContain('ekimi resume --subject breaker');
  });

  it.each([
    ['resume --subject breaker', 'resume breaker dba'],
    ['pause --subject member:web-patroni2 --reason x', 'pause member:web-patroni2 dba x'],
    ['pause --subject global --reason x', 'pause global dba x'],
    ['check-data web-patroni2 --no-wait', 'check web-patroni2 all dba'],
  ])('%s finds the only one that is meant', async (argv, change) => {
    expect(await against(TWO, argv)).toMatchObject({ exit: 0, err: '' });
    expect(fake.changes).toEqual([change]);
  });

  it('where two have it, or nothing tells which, it is refused with the names', async () => {
    for (const argv of ['resume --subject breaker', 'pause --reason x', 'run-procedure recover-dcs --plan']) {
      const { exit, err } = await against(BOTH, argv);
      expect([argv, exit]).toEqual([argv, 64]);
      expect(err).toContain('Name one with --scope: email-cluster, web.');
    }
    expect(fake.changes).toEqual([]);
  });

  it('the last checks of all are listed, each under its cluster', async () => {
    expect((await against(TWO, 'check-data')).out).toMatch(/^email-cluster\nno check[^\n]*\nweb\nno check/);
  });
});

describe('a daemon that --url names', () => {
  it.each(['status', 'why'])('what %s prints works as printed', async (shown) => {
    const { url } = await listening(broken(SCENARIOS.waitingApproval()));
    const asks = async (argv: string): Promise<Ran> => cli(argv, { env: { EKIMI_TOKEN: 'touch' } });
    const { out } = await asks(`${shown} --url ${url}`);
    const commands = [...out.replace(/\s+/g, ' ').matchAll(/ekimi ((?:approve|resume) [^);]*)/g)];
    const typed = commands.map(([, argv = '']) => argv.replace(/(?<=--reason) .*/, ' seen'));
    expect(typed[0]).toContain(`--url ${url}`);
    for (const argv of typed) expect(await asks(argv)).toMatchObject({ exit: 0, err: '' });
    expect(fake.changes.length).toBe(typed.length);
  });

  it('a small screen says with it where the rest is', async () => {
    const { url } = await listening(SCENARIOS.waitingApproval());
    const { out } = await cli(`status --url ${url}`, {
      env: { EKIMI_TOKEN: 'touch' },
      terminal: { columns: 120, rows: 12 },
    });
    expect(out).toContain(`: ekimi status --url ${url} --all`);
  });

  it('what stands for words is no reason', async () => {
    const { url } = await listening(SCENARIOS.waitingApproval());
    for (const reason of ['...', 'TEXT']) {
      const argv = `approve a-7f31c2 --url ${url} --reason ${reason}`;
      expect(await cli(argv, { env: { EKIMI_TOKEN: 'touch' } })).toMatchObject({ exit: 64, out: '' });
    }
    expect(fake.changes).toEqual([]);
  });

  it.each([
    [
      '"ekimi doctor" and ekimi config check',
      '"ekimi doctor --config /etc/e.yaml" and ekimi config check --config /etc/e.yaml',
    ],
    [
      'ekimi journal show 3, then ekimi status',
      'ekimi journal show --config /etc/e.yaml --url http://a:1 3, then ekimi status --config /etc/e.yaml --url http://a:1',
    ],
    [
      'ekimi status --config /etc/e.yaml --url http://a:1 --all',
      'ekimi status --config /etc/e.yaml --url http://a:1 --all',
    ],
    ['ekimi runs', 'ekimi runs'],
  ])('%s', (text, told) => {
    expect(withAsked(text, { '--config': '/etc/e.yaml', '--url': 'http://a:1' })).toBe(told);
  });
});

describe('the cluster of a command', () => {
  it.each([
    ['ekimi resume --subject breaker, after a look', "ekimi resume --scope 'a b' --subject breaker, after a look"],
    ['ekimi run-procedure give-back m', "ekimi run-procedure --scope 'a b' give-back m"],
    ['ekimi approve 1 --reason "..."', 'ekimi approve 1 --reason "..."'],
    ['ekimi resume --scope x --subject breaker', 'ekimi resume --scope x --subject breaker'],
  ])('%s', (text, told) => {
    expect(withScope(text, 'a b')).toBe(told);
  });
});

describe('names of procedures', () => {
  it('of which there is none, and those that are stages alone, are refused with those that can be started', async () => {
    for (const name of ['nope', 'stop-member', 'start-store']) {
      const { exit, err } = await cli(`run-procedure ${name} --reason x`);
      expect([name, exit]).toEqual([name, 64]);
      const [, listed = ''] = /There are: (.*)\./.exec(err) ?? [];
      expect(listed.split(', ')).toContain('switchover');
      expect(listed.split(', ')).not.toContain('stop-member');
    }
  });
});
