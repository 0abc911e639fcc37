import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/api/metrics.js';
import { ROUTES } from '../../src/api/routes.js';
import { startServer, type Server } from '../../src/api/server.js';
import { openLog } from '../../src/cli/log.js';
import { renderStatus } from '../../src/cli/render/status.js';
import { loadFiles, openDaemon, type Daemon } from '../../src/app/daemon.js';
import { reload } from '../../src/app/reload.js';
import { tick } from '../../src/kernel/pass.js';
import { openJournal, type OpenJournal } from '../../src/journal/open.js';
import type { Reply } from '../../src/model/plan.js';
import { fresh, unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { scratch } from '../support/scratch.js';
import { changed, CONTRACT_CONFIG } from '../unit/config/files.js';

const SECRETS = {
  PATRONI_PASSWORD: 'of "patroni" \\ and 1/2',
  PGPASSWORD: 'Secr3t-of-postgres',
  EKIMI_TOKEN: 'a-token-of-enough-length',
};
const EVERY = Object.values(SECRETS);
const LEAK = `connection to postgres://ekimi:${SECRETS.PGPASSWORD}@h failed (${SECRETS.PATRONI_PASSWORD}, ${SECRETS.EKIMI_TOKEN})`;

/** Ports whose every explanation repeats our secrets, as a library's error text may. */
function indiscreet(ports: Ports): Ports {
  const reply: Reply = { effect: 'none', status: 500, text: LEAK, tookMs: 1 };
  const { postgres, proxy, host } = ports;
  if (postgres === null || proxy === null || host === null) throw new Error('the simulated cluster has them all');
  return {
    ...ports,
    dcs: {
      ...ports.dcs,
      alarms: () => Promise.resolve(unknown('denied', LEAK, 0, 'etcd')),
      endpoints: () => Promise.resolve([{ name: 'etcd1', status: unknown('denied', LEAK, 0, 'etcd') }]),
    },
    postgres: {
      ...postgres,
      status: (member) =>
        member === 'patroni3' ? Promise.resolve(unknown('denied', LEAK, 0, 'sql')) : postgres.status(member),
    },
    proxy: { ...proxy, send: () => Promise.resolve(reply) },
    host: { ...host, logs: () => Promise.resolve(fresh([LEAK], 0, 'log')) },
  };
}

const POLICY = `mode: enforce
lag: { for: 2s }
startGrace: { passes: 1, for: 0s }
`;

describe('our secrets in every error text of the outside', () => {
  const folder = scratch('secrets');
  const configFile = join(folder, 'ekimi.yaml');
  const logged: string[] = [];
  let cluster: SimulatedCluster;
  let journal: OpenJournal;
  let daemon: Daemon;
  let server: Server;

  beforeEach(async () => {
    const tokens = [{ name: 'a', role: 'operator', tokenEnv: 'EKIMI_TOKEN' }];
    writeFileSync(configFile, changed(CONTRACT_CONFIG, 'api.tokens', tokens));
    writeFileSync(join(folder, 'policy.yaml'), POLICY);
    const files = loadFiles(configFile, SECRETS);
    if (!files.ok) throw new Error(files.errors.join('\n'));
    cluster = createCluster();
    const ports = indiscreet(cluster.ports());
    journal = await openJournal({ ...files.config.journal, scope: cluster.options.scope });
    let ids = 0;
    const log = openLog(files.config, { write: (line: string) => logged.push(line) });
    daemon = await openDaemon({
      files,
      journals: () => journal,
      log,
      version: 'test',
      newId: () => `id-${(ids += 1)}`,
      clock: ports.clock,
      ports: () => ports,
    });
    const metrics = createMetrics(daemon.controller);
    server = await startServer({
      config: { host: '127.0.0.1', port: 0, tokens: files.config.api.tokens },
      controller: daemon.controller,
      log,
      metrics,
      clock: ports.clock,
    });
  });

  afterEach(async () => {
    await server.close();
    await journal.close();
  });

  async function run(seconds: number): Promise<void> {
    const [session] = daemon.sessions;
    if (session === undefined) throw new Error('no session');
    for (let passed = 0; passed < seconds; passed += 1) {
      await tick(session);
      cluster.advance(1_000);
    }
  }

  const written = (): string =>
    readdirSync(join(folder, 'var/journal'), { recursive: true, withFileTypes: true })
      .filter((row) => row.isFile())
      .map((row) => readFileSync(join(row.parentPath, row.name), 'utf8'))
      .join('');

  async function answered(): Promise<string> {
    const paths = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) =>
      path.replace(':scope', 'email-cluster'),
    );
    const headers = { authorization: `Bearer ${SECRETS.EKIMI_TOKEN}` };
    const texts = paths.map(async (path) => (await fetch(`${server.url}${path}`, { headers })).text());
    return (await Promise.all(texts)).join('\n');
  }

  it('reach neither log, journal, API nor status; what was said around them does', async () => {
    await run(10);
    cluster.setLoad(30 * 1024 * 1024);
    cluster.lag('patroni2', 0);
    await run(20);
    const [session] = daemon.sessions;
    session?.parts.log.error({ code: 'PASS_FAILED', err: new Error(LEAK) }, LEAK);
    const snapshot = daemon.controller.snapshot('email-cluster');
    if (snapshot === null) throw new Error('no snapshot');
    const told = {
      log: logged.join(''),
      journal: written(),
      api: await answered(),
      status: renderStatus(snapshot, { color: false, columns: 2_000, nowMs: cluster.nowMs() }),
    };
    for (const [outlet, text] of Object.entries(told)) {
      for (const secret of EVERY) {
        expect(text, outlet).not.toContain(secret);
        expect(text, outlet).not.toContain(JSON.stringify(secret).slice(1, -1));
      }
    }
    for (const text of [told.log, told.journal, told.api]) expect(text).toContain('postgres://ekimi:[secret]@h failed');
  });

  it('are not repeated by a reload that finds one in a file', async () => {
    writeFileSync(
      join(folder, 'policy.yaml'),
      `mode: http://admin:p#${SECRETS.PGPASSWORD}@10.0.0.1:8008\nchain: Hunter2x\n`,
    );
    const told = reload(daemon.sessions, configFile, 'hash', SECRETS);
    await run(2);
    const text = [...(await told), logged.join(''), written(), await answered()].join('\n');
    expect(text).toContain('policy.yaml:1:1: error [bad-value] mode: found a text, not shown; expected one of observe');
    for (const secret of [...EVERY, 'Hunter2x']) expect(text).not.toContain(secret);
  });
});
