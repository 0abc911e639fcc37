import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/api/routes.js';
import { openLog } from '../../src/cli/log.js';
import { renderStatus } from '../../src/cli/render/status.js';
import type { Daemon } from '../../src/app/daemon.js';
import { loadFiles } from '../../src/app/files.js';
import { reload } from '../../src/app/reload.js';
import { serve } from '../../src/app/serve.js';
import { fromJson } from '../../src/model/json.js';
import { ONLY_PROXY } from '../../src/model/proxy.js';
import { fresh, unknown, type Reading } from '../../src/model/reading.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { scratch } from '../support/scratch.js';
import { accepted, changed, configFrom, CONTRACT_CONFIG } from '../unit/config/files.js';

const SECRETS = {
  PATRONI_PASSWORD: 'of "pätroni" \\ and <1/2>',
  PGPASSWORD: 'Secr3t-of-postgres',
  EKIMI_TOKEN: 'a-token-of-enough-length',
};
type Secrets = typeof SECRETS;

const unicode = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A secret as it is, and as others write it. */
const waysOf = (secret: string): readonly string[] => {
  const json = JSON.stringify(secret).slice(1, -1);
  const nested = JSON.stringify(json).slice(1, -1);
  const asPython = json.replaceAll(/[^\0-\x7f]/g, unicode);
  const asGo = json.replaceAll(/[<>&]/g, unicode);
  return [...new Set([secret, json, nested, asPython, asGo, encodeURIComponent(secret)])];
};

const leakOf = (secrets: Secrets): string =>
  `connection to postgres://ekimi:${secrets.PGPASSWORD}@h failed (${Object.values(secrets).flatMap(waysOf).join(', ')})`;
const LEAK = leakOf(SECRETS);

type Port = Readonly<Record<string, unknown>>;
type Answer = (given: unknown) => unknown;

/** The ports with one method's answers changed. */
function with_(ports: Ports, at: string, answer: Answer): Ports {
  const [part = '', method = ''] = at.split('.');
  const isProxy = part === 'proxy';
  const port =
    (isProxy ? (ports.proxies[ONLY_PROXY] as unknown as Port) : (ports as unknown as Record<string, Port>)[part]) ?? {};
  const call = port[method] as (...given: unknown[]) => Promise<unknown>;
  const changedPort = { ...port, [method]: async (...given: unknown[]) => answer(await call.apply(port, given)) };
  return { ...ports, ...(isProxy ? { proxies: { [ONLY_PROXY]: changedPort } } : { [part]: changedPort }) } as Ports;
}

const denied = (): Reading<never> => unknown('denied', LEAK, 0, LEAK);
const reply = (): unknown => ({ effect: 'none', status: 500, text: LEAK, tookMs: 1 });
const threw = (): never => {
  throw new Error(LEAK);
};

/** Every method of every port that a daemon calls, and what it may say of us. */
const SAYINGS: readonly (readonly [at: string, answer: Answer])[] = [
  ...[
    ...['patroni.status', 'patroni.cluster', 'patroni.config', 'patroni.history', 'patroni.metrics'],
    ...['patroni.replicaCheck', 'patroni.mayWrite', 'dcs.keys', 'dcs.membership', 'dcs.alarms', 'dcs.loadLedger'],
    ...[
      'postgres.status',
      'postgres.sizes',
      'proxy.view',
      'host.member',
      'host.dcs',
      'host.logs',
      'host.disk',
      'tags.read',
    ],
  ].flatMap((at): [string, Answer][] => [
    [at, denied],
    [at, threw],
  ]),
  ['dcs.endpoints', () => [{ name: 'etcd1', status: denied() }]],
  ['dcs.holdTenure', () => ({ kind: 'unknown', reason: LEAK })],
  ['dcs.holdTenure', () => ({ kind: 'other', owner: LEAK })],
  ['dcs.putSwitch', () => ({ written: false, why: LEAK })],
  ...['patroni.send', 'proxy.send', 'tags.write', 'host.send', 'postgres.send'].flatMap((at): [string, Answer][] => [
    [at, reply],
    [at, threw],
  ]),
  ['dcs.endpoints', threw],
  ['dcs.commitLedger', threw],
];

/** Facts, and the names of facts, that somebody else may have put a secret into. */
const factsOf = (secrets: Secrets): readonly (readonly [at: string, answer: Answer])[] => {
  const all = Object.values(secrets);
  const tags = Object.fromEntries(all.map((secret) => [secret, { of: [secret, `x ${secret}`] }]));
  const within =
    (add: object): Answer =>
    (given) => {
      const reading = given as Reading<object>;
      return reading.kind === 'fresh' ? { ...reading, value: { ...reading.value, ...add } } : given;
    };
  const blocker = {
    pid: 1,
    backendStart: '2026-11-22T19:00:00.000000Z',
    user: all[0],
    database: all[1],
    application: all[2],
    state: 'active',
    xactAgeMs: 100,
    query: `ALTER ROLE x PASSWORD '${all.join(' ')}'`,
    evidence: 'lock',
  };
  return [
    [
      'patroni.status',
      within({ tags: { noloadbalance: false, nofailover: false, nosync: false, clonefrom: false, raw: tags } }),
    ],
    ['postgres.status', within({ blockers: [blocker] })],
    ['host.logs', () => fresh([...all, leakOf(secrets)], 0, 'log')],
  ];
};

const POLICY = `mode: enforce
poll: { interval: 500ms, suspectInterval: 500ms }
lag: { for: 2s }
startGrace: { passes: 1, for: 0s }
`;

interface Told {
  readonly daemon: Daemon;
  readonly cluster: SimulatedCluster;
  readonly snapshot: ClusterSnapshot;
  /** What left the process, by the way out. */
  readonly exits: Readonly<Record<'log' | 'journal' | 'api' | 'events' | 'ledger' | 'status', string>>;
}

interface Story {
  readonly ports?: (ports: Ports) => Ports;
  readonly secrets?: Secrets;
  readonly mode?: 'enforce' | 'dry-run';
  readonly during?: (cluster: SimulatedCluster, url: string, daemon: Daemon) => void | Promise<void>;
}

const stop = { now: (): Promise<unknown> => Promise.resolve() };
afterEach(() => stop.now());

/** The whole daemon, as `ekimi run` starts it, on the simulated cluster: a replica that lags, and what is done about it. */
async function told({
  ports: of = (ports) => ports,
  secrets = SECRETS,
  mode = 'enforce',
  during,
}: Story): Promise<Told> {
  const folder = scratch('secrets');
  const configFile = join(folder, 'ekimi.yaml');
  const tokens = [{ name: 'a', role: 'operator', tokenEnv: 'EKIMI_TOKEN' }];
  writeFileSync(configFile, changed(CONTRACT_CONFIG, 'api.tokens', tokens));
  writeFileSync(join(folder, 'policy.yaml'), POLICY.replace('enforce', mode));
  const loaded = loadFiles(configFile, secrets);
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  const files = { ...loaded, config: { ...loaded.config, api: { ...loaded.config.api, port: 0 } } };
  const cluster = createCluster();
  const ports = of(cluster.ports());
  const logged: string[] = [];
  const log = openLog(files.config, { write: (line: string) => logged.push(line) });
  const ending = new AbortController();
  let running: Promise<number> = Promise.resolve(0);
  const { url, daemon } = await new Promise<{ readonly url: string; readonly daemon: Daemon }>((resolve, reject) => {
    running = serve(
      {
        files,
        configFile,
        env: secrets,
        log,
        version: 'test',
        parts: { clock: ports.clock, ports: () => ports },
        onListening: (at, opened) => {
          resolve({ url: at, daemon: opened });
        },
      },
      ending.signal,
    );
    running.catch(reject);
  });
  const advance = async (seconds: number): Promise<void> => {
    for (let half = 0; half < 2 * seconds; half += 1) {
      // What is on its way to the disk and back takes real time, in which no virtual time may pass; a pass that waits for a clock goes on.
      const ended = new Promise<void>((resolve) => {
        const off = daemon.controller.onEvent(({ kind }) => {
          if (kind !== 'snapshot') return;
          off();
          resolve();
        });
      });
      cluster.advance(500);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300))]);
    }
  };
  stop.now = async () => {
    ending.abort();
    const pumping = setInterval(() => {
      cluster.advance(500);
    }, 1);
    await running;
    clearInterval(pumping);
  };
  const headers = { authorization: `Bearer ${secrets.EKIMI_TOKEN}` };
  const events = await fetch(`${url}/v1/events`, { headers });
  let streamed = '';
  const reading = (async () => {
    for await (const chunk of events.body ?? []) streamed += Buffer.from(chunk as Uint8Array).toString('utf8');
  })().catch(() => undefined);
  await advance(3);
  cluster.setLoad(30 * 1024 * 1024);
  cluster.lag('patroni2', 0);
  await advance(5);
  await during?.(cluster, url, daemon);
  await advance(2);
  const snapshotText = await (await fetch(`${url}/v1/clusters/email-cluster`, { headers })).text();
  const paths = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) =>
    path.replace(':scope', 'email-cluster'),
  );
  const texts = [...paths, '/metrics', `/${encodeURIComponent(secrets.PGPASSWORD)}`].map(async (path) =>
    (await fetch(`${url}${path}`, { headers })).text(),
  );
  const api = (await Promise.all(texts)).join('\n');
  const ledger = await cluster.ports().dcs.loadLedger();
  await stop.now();
  stop.now = () => Promise.resolve();
  await reading;
  const snapshot = fromJson(snapshotText) as ClusterSnapshot;
  const kept = join(folder, 'var/journal');
  const written = readdirSync(kept, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.json') || name.endsWith('.jsonl'),
  );
  const exits = {
    log: logged.join(''),
    journal: written.map((name) => readFileSync(join(kept, name), 'utf8')).join(''),
    api,
    events: streamed,
    ledger: ledger.kind === 'unknown' ? '' : (ledger.value ?? ''),
    status: renderStatus(snapshot, { color: false, columns: 2_000, nowMs: cluster.nowMs() }),
  };
  return { daemon, cluster, snapshot, exits };
}

function expectUntold({ exits }: Told, secrets: Secrets = SECRETS): void {
  for (const [outlet, text] of Object.entries(exits)) {
    for (const secret of Object.values(secrets)) {
      // Once more as JSON, which is how a text stands in a document.
      for (const way of waysOf(secret).flatMap(waysOf)) expect(text, outlet).not.toContain(way);
    }
  }
}

describe('our secrets', () => {
  it.each(SAYINGS)('that %s says, or throws (%#), reach no way out', async (at, answer) => {
    expectUntold(await told({ ports: (ports) => with_(ports, at, answer) }));
  });

  it('are replaced, and what was said around them is not', async () => {
    const sayings: readonly (readonly [string, Answer])[] = [
      ['dcs.alarms', denied],
      ['proxy.send', reply],
      ['tags.write', reply],
    ];
    const story = await told({
      ports: (ports) => sayings.reduce((now, [at, answer]) => with_(now, at, answer), ports),
      during: (_cluster, _url, { sessions: [session] }) => {
        session?.parts.log.error({ code: 'PASS_FAILED', err: new Error(LEAK), [SECRETS.PGPASSWORD]: [LEAK] }, LEAK);
      },
    });
    expectUntold(story);
    const { log, journal, api, events, ledger } = story.exits;
    for (const text of [log, journal, api, events, ledger])
      expect(text).toContain('postgres://ekimi:[secret]@h failed ([secret], [secret], [secret]');
  });

  it.each(factsOf(SECRETS))('among the facts of %s, and as their names, reach no way out', async (at, answer) => {
    const story = await told({ ports: (ports) => with_(ports, at, answer) });
    expectUntold(story);
    // Of a log its signs are kept, and lines only as the evidence of a fence.
    if (at !== 'host.logs') expect(story.exits.journal).toContain('[secret]');
  });

  it('in what a person writes, and in an address that is asked for, reach no way out', async () => {
    const headers = { authorization: `Bearer ${SECRETS.EKIMI_TOKEN}`, 'content-type': 'application/json' };
    const story = await told({
      during: async (_cluster, url) => {
        const body = JSON.stringify({ subject: 'cluster', reason: `as ${SECRETS.PGPASSWORD} said` });
        const answer = fetch(`${url}/v1/clusters/email-cluster/switches`, { method: 'POST', headers, body });
        await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50))]);
      },
    });
    expectUntold(story);
    expect(story.exits.api).toContain('as [secret] said');
  });

  it('are in no shadow ledger of a dry-run', async () => {
    expectUntold(
      await told({ mode: 'dry-run', ports: (ports) => with_(ports, 'host.logs', () => fresh([LEAK], 0, 'l')) }),
    );
  });

  it('that are ordinary words or figures leave facts as they are, which the next start depends on, and leave sentences', async () => {
    const secrets = { ...SECRETS, PGPASSWORD: 'streaming', PATRONI_PASSWORD: '150018' };
    const said = `role ekimi: password streaming and 150018 refused`;
    const story = await told({
      secrets,
      ports: (ports) => with_(ports, 'dcs.alarms', () => unknown('denied', said, 0, 'etcd')),
    });
    const replica = story.snapshot.view?.members.find(({ name }) => name === 'patroni3');
    expect(replica?.api).toMatchObject({
      kind: 'fresh',
      value: { replicationState: 'streaming', serverVersion: 150018 },
    });
    expect(story.exits.journal).toContain('"streaming"');
    for (const text of [story.exits.api, story.exits.journal]) {
      expect(text).toContain('role ekimi: password [secret] and [secret] refused');
      expect(text).not.toContain(said);
    }
  });

  it('are not repeated by a reload that finds one in a file', async () => {
    let heard: readonly string[] = [];
    const story = await told({
      during: async (_cluster, _url, daemon) => {
        const folder = scratch('reloaded');
        const configFile = join(folder, 'ekimi.yaml');
        writeFileSync(configFile, CONTRACT_CONFIG);
        const mode = `http://admin:p#${SECRETS.PGPASSWORD}@10.0.0.1:8008`;
        writeFileSync(join(folder, 'policy.yaml'), `mode: ${mode}\nchain: Hunter2x\n`);
        const reloading = reload({ daemon, configFile, start: accepted(configFrom(CONTRACT_CONFIG)), env: SECRETS });
        heard = await Promise.race([
          reloading,
          new Promise<readonly string[]>((resolve) => setTimeout(resolve, 0, [])),
        ]);
        void reloading.then((all) => {
          heard = all;
        });
      },
    });
    expectUntold(story);
    const text = [...heard, ...Object.values(story.exits)].join('\n');
    expect(text).toContain('policy.yaml:1:1: error [bad-value] mode: found a text, not shown; expected one of observe');
    for (const secret of [...Object.values(SECRETS), 'Hunter2x']) expect(text).not.toContain(secret);
  });
});
