import { fileURLToPath } from 'node:url';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson } from '../../../src/config/hash.js';
import { conform } from '../../../src/config/conform.js';
import { parseYaml } from '../../../src/config/document.js';
import { EKIMI_SCHEMA } from '../../../src/config/ekimi-schema.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { loadPolicy } from '../../../src/config/load-policy.js';
import { POLICY_SCHEMA } from '../../../src/config/policy-schema.js';
import { configReference } from '../../../src/config/reference.js';
import { REQUIRED, type Part, type Shape } from '../../../src/config/schema.js';
import { scratch } from '../../support/scratch.js';

/**
 * A key that is declared and not read is a promise that nobody keeps. So: a file that writes every key of the schema, and for each leaf a
 * second value; the result must differ. A new key without an entry here fails as well.
 */
type Loose = Record<string, unknown>;

const root = scratch('keys');
const file = (name: string, content: string): string => {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, name), content);
  return name;
};
const PEM = '-----BEGIN CERTIFICATE-----';
const tls = {
  ca: file('a.pem', `${PEM}a`),
  cert: file('b.pem', `${PEM}b`),
  key: file('c.pem', `${PEM}c`),
  insecure: false,
};
/** A real pair: these are looked at. */
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url));
const otherPem = file('other.pem', `${PEM}other`);
const hook = file('hook', 'https://h/three');
const secret = file('secret', 'of-a-file-with-enough-signs');
const auth = { username: 'u', passwordEnv: 'ONE' };
const ENV = {
  HOOK: 'https://h/one',
  OTHER_HOOK: 'https://h/two',
  ONE: 'one one one one one',
  TWO: 'two two two two two',
  THREE: 'three three three three',
  ONE_TOKEN: 'a'.repeat(32),
  TWO_TOKEN: 'b'.repeat(32),
};
const commands = (verbs: readonly string[]): Loose =>
  Object.fromEntries(verbs.map((verb) => [verb, ['host', verb, '{name}']]));

const FULL_CONFIG: Loose = {
  clusters: [
    {
      scope: 'a',
      patroni: { members: { m1: 'http://h:1', m2: 'http://h:2' }, auth, tls },
      dcs: {
        hosts: { e1: 'http://h:2379' },
        namespace: '/service/',
        auth,
        tls,
        ekimiNamespace: '/ekimi/',
        tenureTtl: '15s',
        quota: '2GB',
      },
      postgres: { members: { m1: 'h:1', m2: 'h:2' }, user: 'u', passwordEnv: 'ONE', database: 'd', tls },
      proxy: {
        stats: 'http://h:7000/s',
        statsAuth: auth,
        runtime: 'tcp://h:9',
        primaryBackend: 'p',
        replicaBackend: 'r',
      },
      poolers: { NAME: { address: 'tcp://h:6432', user: 'u', passwordEnv: 'ONE', tls } },
      hosts: {
        driver: 'docker',
        socket: 'unix:///a',
        commands: commands(['status', 'start', 'stop', 'restart', 'kill']),
        systemd: {
          unit: 'a@{name}.service',
          systemctl: ['systemctl'],
          journalctl: ['journalctl'],
          data: '/data/{name}',
          wal: '/wal/{name}',
          df: ['df'],
        },
        members: { m1: 'c1', m2: 'c2' },
        dcs: { e1: 'c3' },
        proxy: { p: 'c4' },
      },
      power: {
        commands: commands(['status', 'off']),
        members: { m1: 'o1', m2: 'o2' },
        dcs: { e1: 'o1' },
      },
      tags: { driver: 'command', file: '/{name}', commands: commands(['read', 'write']) },
      deadlines: { read: '3s', slowRead: '12s', sql: '3s', dcs: '2s', proxy: '2s', host: '5s' },
    },
  ],
  journal: { directory: 'j', maxFile: '1MB', keepFiles: 3 },
  api: {
    listen: '127.0.0.1:1',
    tls: { ca: fixture('former-cert'), cert: fixture('cert'), key: fixture('key') },
    tokens: [{ name: 't', role: 'viewer', tokenEnv: 'TWO' }],
  },
  notifications: {
    link: 'https://a',
    pagerduty: { NAME: { routingKeyEnv: 'ONE', url: 'https://h/a', tls } },
    contacts: { c: ['NAME'] },
    routes: [
      {
        to: ['NAME'],
        levels: ['critical'],
        subjects: ['*'],
        clusters: ['*'],
        during: { cron: '0 2 * * *', for: '1h', timezone: 'UTC' },
      },
    ],
    escalation: [{ after: '10m', to: ['c'], levels: ['critical'] }],
    reports: [{ cron: '0 7 * * MON', timezone: 'UTC', covers: '7d', to: [], clusters: ['*'] }],
    veto: { url: 'https://h/a', secretEnv: 'ONE', deadline: '5s', tls },
    digest: { count: 10, within: '1m' },
    deadline: '10s',
    spool: { directory: 'n', maxSize: '4MB' },
  },
  policy: 'p.yaml',
  log: { level: 'info', pretty: false },
  instance: 'one',
};

/** The proxies by name, which stand in the place of the only one. */
const withNamedProxies = (full: Loose): Loose => {
  const [{ proxy, ...cluster }] = full['clusters'] as [Loose];
  const { primaryBackend: writes, replicaBackend, ...one } = proxy as Loose;
  const pools = { writes, reads: [replicaBackend] };
  return { ...full, clusters: [{ ...cluster, proxies: { NAME: { ...one, tls, pools, servers: { s: 'm1' } } } }] };
};

/** A channel of each kind, which stands in the place of the one of PagerDuty: a name is there once among all kinds. */
const CHANNELS: Readonly<Record<string, Loose>> = {
  slack: { urlEnv: 'HOOK', tls },
  webhook: { url: 'https://h/a', secretEnv: 'ONE', tls },
  alertmanager: { url: 'https://h/a', auth, tls },
  email: { server: 'h:25', security: 'tls', auth, from: 'a@b', to: ['c@d'], tls },
};
const withChannel = (full: Loose, kind: string): Loose => {
  const { pagerduty: _only, ...rest } = full['notifications'] as Loose;
  return { ...full, notifications: { ...rest, [kind]: { NAME: CHANNELS[kind] } } };
};

/** Other instances, which stand in the place of a driver of our own for everything. */
const withPeers = (full: Loose): Loose => {
  const [{ hosts, ...cluster }] = full['clusters'] as [Loose];
  const members = { m1: 'https://h:1', m2: 'https://h:2' };
  const pems = { ca: tls.ca, cert: tls.cert, key: tls.key };
  const shared = { tls: pems, tokenEnv: 'ONE_TOKEN', listen: '127.0.0.1:2' };
  const peers = { local: 'docker', members, dcs: { e1: 'https://h:1' }, proxy: { proxy: 'https://h:1' }, ...shared };
  const own = { members: { m1: 'c1' }, dcs: {} };
  return { ...full, clusters: [{ ...cluster, hosts: { ...(hosts as Loose), ...own, driver: 'peers', peers } }] };
};

const window = { cron: '0 2 * * *', for: '1h', timezone: 'UTC', reason: 'because' };
const FULL_POLICY: Loose = {
  grace: Object.fromEntries(
    Object.keys(POLICY_SCHEMA.grace.keys).map((code) => [code, { for: '1m', samples: 2, clearFor: '1m' }]),
  ),
  windows: { maintenance: [window], freeze: [window] },
};

/** A second acceptable value, by the path without indices; by the last name where all keys of that name are alike. */
const OTHER: Loose = {
  'clusters.postgres.check.program': '/opt/bin/pg_amcheck',
  'clusters.postgres.check.within': '2h',
  'clusters.postgres.check.statementTimeout': '10m',
  'api.tls.ca': fixture('cert'),
  'api.tls.cert': fixture('former-cert'),
  'approvals.twoPersonsFor': ['failover'],
  'clusters.policy': 'own.yaml',
  'clusters.patroni.members': { m1: 'http://h:1', m2: 'http://h:3' },
  'clusters.patroni.advertised': { m1: 'n:1', m2: 'n:2' },
  'clusters.postgres.advertised': { m1: 'n:1', m2: 'n:2' },
  'clusters.sites': { m1: 'ams', e1: 'fra' },
  'clusters.intended': { m2: ['delayed', 'not-for-reads'] },
  'clusters.dcs.hosts': { e1: 'http://h:2381' },
  'clusters.dcs.namespace': '/db/',
  'clusters.dcs.ekimiNamespace': '/other/',
  'clusters.dcs.tenureTtl': '20s',
  'clusters.dcs.quota': '8GB',
  'clusters.postgres.members': { m1: 'h:1', m2: 'h:3' },
  'clusters.proxy.stats': 'http://h:7001/s',
  'clusters.proxy.runtime': 'unix:///b',
  'clusters.proxies.NAME.stats': 'http://h:7001/s',
  'clusters.proxies.NAME.runtime': 'unix:///b',
  'clusters.proxies.NAME.pools.writes': 'x',
  'clusters.proxies.NAME.pools.reads': ['x', 'y'],
  'clusters.proxies.NAME.servers': { s: 'm2' },
  'clusters.hosts.commands.moveAside': ['other', '{name}'],
  'clusters.hosts.commands.listAside': ['other', '{name}'],
  'clusters.hosts.commands.removeAside': ['other', '{name}'],
  'clusters.hosts.commands.controldata': ['other', '{name}'],
  'clusters.hosts.commands.storeData': ['other', '{name}'],
  'clusters.hosts.commands.moveStoreAside': ['other', '{name}'],
  'clusters.hosts.commands.listStoreAside': ['other', '{name}'],
  'clusters.power.commands.off': ['other', '{name}'],
  'clusters.power.members': { m1: 'o1', m2: 'o9' },
  'clusters.power.dcs': { e1: 'o2' },
  'clusters.poolers.NAME.driver': 'odyssey',
  'clusters.poolers.NAME.address': 'tcp://h:6433',
  'clusters.hosts.driver': 'command',
  'clusters.hosts.socket': 'unix:///b',
  'clusters.hosts.dcsData': '/other',
  'clusters.hosts.systemd.unit': 'b@{name}.service',
  'clusters.hosts.systemd.data': '/data2/{name}',
  'clusters.hosts.systemd.wal': '/wal2/{name}',
  'clusters.hosts.systemd.df': ['sudo', '-n', 'df'],
  'clusters.hosts.systemd.controldata': ['pg_controldata', '/data2/{name}'],
  'clusters.hosts.systemd.waldump': ['waldump', '{lsn}', '/data2/{name}'],
  'clusters.hosts.systemd.systemctl': ['sudo', 'systemctl'],
  'clusters.hosts.systemd.journalctl': ['sudo', 'journalctl'],
  'clusters.hosts.members': { m1: 'c1', m2: 'c9' },
  'clusters.hosts.dcs': { e1: 'c9' },
  'clusters.hosts.proxy': { p: 'c9' },
  'clusters.hosts.peers.local': 'command',
  'clusters.hosts.peers.listen': '127.0.0.1:3',
  'clusters.hosts.peers.members': { m1: 'https://h:1', m2: 'https://h:3' },
  'clusters.hosts.peers.dcs': { e1: 'https://h:3' },
  'clusters.hosts.peers.proxy': { proxy: 'https://h:3' },
  'clusters.hosts.peers.tokenEnv': 'TWO_TOKEN',
  'clusters.tags.driver': 'file',
  'clusters.tags.file': '/other/{name}',
  'notifications.link': 'https://b',
  'notifications.slack.NAME.urlEnv': 'OTHER_HOOK',
  'notifications.slack.NAME.urlFile': hook,
  'notifications.email.NAME.server': 'h:26',
  'notifications.email.NAME.security': 'none',
  'notifications.email.NAME.from': 'x@y',
  'notifications.email.NAME.to': ['x@y'],
  'notifications.contacts': { c: [] },
  'notifications.routes.to': [],
  'notifications.routes.levels': ['info'],
  'notifications.routes.subjects': ['m1'],
  'notifications.routes.clusters': ['a'],
  'notifications.reports.to': ['NAME'],
  'notifications.reports.covers': '8d',
  'notifications.veto.deadline': '6s',
  'notifications.reports.clusters': ['a'],
  'notifications.escalation.after': '11m',
  'notifications.escalation.to': [],
  'notifications.escalation.levels': ['info'],
  'notifications.digest.count': 11,
  'notifications.digest.within': '2m',
  'notifications.deadline': '11s',
  'notifications.spool.maxSize': '5MB',
  'journal.maxFile': '2MB',
  'journal.keepFiles': 4,
  'api.listen': '127.0.0.1:2',
  'api.tokens.role': 'operator',
  'log.level': 'debug',
  policy: 'other.yaml',
  mode: 'enforce',
  'poll.interval': '3s',
  'poll.suspectInterval': '600ms',
  'lag.warningAge': '2m',
  'lag.criticalAge': '6m',
  'lag.emergencyAge': '20m',
  'lag.warning': '2MB',
  'lag.critical': '20MB',
  'lag.emergency': '200MB',
  'lag.for': '11s',
  'lag.recovered': '512KB',
  'drain.actuators': ['tag'],
  'drain.whileProxySilent': 'go-on',
  'limits.concurrent': 2,
  'limits.perHour': 7,
  'limits.minHealthyReplicas': 2,
  'limits.minReadPool': 2,
  'limits.minReadPoolPerSite': 2,
  'limits.stormMembers': 3,
  'connections.warning': '90%',
  'pause.remindAfter': '2h',
  'slots.retainWarning': '2GB',
  'slots.dropWithin': '2h',
  'slots.awaitMember': '2h',
  'slots.dropLogical': ['cdc'],
  'aside.keepFor': '2d',
  'aside.maxShareOfDisk': '30%',
  'disks.warnWithin': '5h',
  'pooler.around': [],
  'pooler.maxPause': '4s',
  'pooler.pauseWithin': '700ms',
  'pooler.whenNotPaused': 'go-on',
  'pooler.pausedWarning': '2m',
  'pooler.waitWarning': '20s',
  'rebuild.readSurplus': false,
  'veto.onSilence': 'go',
  'veto.emergencies': true,
  'flap.threshold': 4,
  'startGrace.passes': 4,
  'startGrace.for': '2m',
  chain: '31m',
};
const OTHER_BY_NAME: Loose = {
  url: 'https://h/b',
  routingKeyEnv: 'THREE',
  routingKeyFile: secret,
  secretEnv: 'THREE',
  secretFile: secret,
  table: 'ops.beats',
  ca: otherPem,
  cert: otherPem,
  key: otherPem,
  insecure: true,
  openOnLoopback: false,
  streams: 7,
  pretty: true,
  shutdownSessions: true,
  username: 'v',
  user: 'v',
  database: 'e',
  name: 'other',
  scope: 'other',
  instance: 'other',
  directory: 'other',
  primaryBackend: 'x',
  replicaBackend: 'x',
  passwordEnv: 'THREE',
  tokenEnv: 'THREE',
  tokenSha256: 'a'.repeat(64),
  status: ['{name}'],
  start: ['{name}'],
  stop: ['{name}'],
  restart: ['{name}'],
  kill: ['{name}'],
  logs: ['{name}', '{lines}'],
  disk: ['df', '{name}'],
  waldump: ['dump', '{name}', '{lsn}'],
  read: ['{name}'],
  write: ['{name}'],
  cron: '0 3 * * *',
  for: '2h',
  timezone: 'Europe/Berlin',
  reason: 'otherwise',
  window: 'maintenance',
  cooldown: '7m',
  attempts: 3,
  timeout: '7m',
  samples: 4,
  clearFor: '2m',
  recoveredFor: '31s',
  olderThan: '31s',
  users: ['x'],
  applications: ['x'],
  databases: ['x'],
  stormQuiet: '6m',
  halfLife: '2h',
  expire: '31m',
  remindAfter: '31m',
  remindWarnings: true,
  mode: 'observe',
};
const DEADLINE = '2500ms';

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly name: string;
}

function leavesOf(shape: Shape, path: readonly (string | number)[] = []): Leaf[] {
  return Object.entries(shape).flatMap(([name, part]: [string, Part]) => {
    const here = [...path, name];
    if (part.kind === 'key') return [{ path: here, name: here.filter((step) => typeof step === 'string').join('.') }];
    if (part.kind === 'named') return leavesOf(part.keys, [...here, 'NAME']);
    return leavesOf(part.keys, part.kind === 'list' ? [...here, 0] : here);
  });
}

function otherFor({ name }: Leaf): unknown {
  if (name.startsWith('clusters.deadlines.')) return DEADLINE;
  if (name.endsWith('.passwordFile') || name.endsWith('.tokenFile')) return secret;
  if (name.startsWith('procedures.')) return name.endsWith('.mode') ? 'approve' : 'any';
  return OTHER[name] ?? OTHER_BY_NAME[name.split('.').at(-1) ?? ''];
}

const SECRET_ELSEWHERE = /(?<=password|token|routingKey|secret|url)(?:File|Sha256)$/;

function withValue(value: unknown, path: readonly (string | number)[], leaf: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return leaf;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === step ? withValue(item, rest, leaf) : item));
  const map = (value ?? {}) as Loose;
  const changed = { ...map, [step]: withValue(map[step], rest, leaf) };
  if (typeof step !== 'string' || !SECRET_ELSEWHERE.test(step)) return changed;
  // A secret has one source: the file, or its digest, takes the place of the variable.
  const variable = step.replace(SECRET_ELSEWHERE, 'Env');
  return Object.fromEntries(Object.entries(changed).filter(([name]) => name !== variable));
}

const configOf = (value: unknown): string => {
  const loaded = loadConfig(join(root, file('ekimi.yaml', stringify(value))), ENV);
  if (loaded.ok) return canonicalJson(loaded.config);
  return `refused by ${loaded.errors.map(({ code }) => code).join()}`;
};
const policyOf = (value: unknown): string => {
  const loaded = loadPolicy(join(root, file('policy.yaml', stringify(value))));
  return loaded.ok ? canonicalJson(loaded.policy) : `refused by ${loaded.errors.map(({ code }) => code).join()}`;
};

/** Second values that a rule, or the one kind that there is so far, refuses: it read them. */
const RULED: readonly string[] = [
  'api.tls.key',
  'notifications.reports.to',
  'clusters.dcs.tls.insecure',
  'clusters.poolers.NAME.driver',
  'actions.resume-pooler.mode',
  'actions.resume-pooler.window',
];

describe.each([
  ['ekimi.yaml', EKIMI_SCHEMA as Shape, FULL_CONFIG, configOf],
  ['policy.yaml', POLICY_SCHEMA as Shape, FULL_POLICY, policyOf],
] as const)('every key of %s', (_name, schema, full, load) => {
  const before = load(full);

  it('can be written at once', () => {
    expect(before).not.toContain('refused');
  });

  it.each(leavesOf(schema).map((leaf) => [leaf.name, leaf] as const))('%s is read', (name, leaf) => {
    const other = otherFor(leaf);
    expect(other, 'a second value for the new key').toBeDefined();
    const kind = Object.keys(CHANNELS).find((one) => leaf.path.includes(one));
    const given =
      kind !== undefined
        ? withChannel(full, kind)
        : leaf.path.includes('proxies')
          ? withNamedProxies(full)
          : leaf.path.includes('peers')
            ? withPeers(full)
            : full;
    const after = load(withValue(given, leaf.path, other));
    expect(after).not.toBe(load(given));
    if (!RULED.includes(name)) expect(after).not.toContain('refused');
  });

  it('has an acceptable default, a sentence, and a row in the reference', () => {
    const reference = configReference();
    const visit = (shape: Shape, path: string): void => {
      for (const [key, part] of Object.entries(shape)) {
        if (part.kind !== 'key') {
          const family = part.kind === 'section' && part.family !== null;
          const below = `${path}${key}${part.kind === 'list' ? '[]' : part.kind === 'named' ? '.NAME' : ''}.`;
          if (family) expect(reference).toContain(`\`${below}${part.family}.`);
          else visit(part.keys, below);
          continue;
        }
        expect(part.doc, key).toMatch(/\.$/);
        expect(reference).toContain(`| \`${path}${key}\` |`);
        if (part.fallback === REQUIRED) continue;
        const alone = parseYaml('x', new TextEncoder().encode('{}'));
        if (!('document' in alone)) throw new Error('unreachable');
        expect(conform(alone, { [key]: part }).errors, key).toEqual([]);
      }
    };
    visit(schema, '');
  });
});

describe('the reference page', () => {
  it('is the same each time', () => {
    expect(configReference()).toBe(configReference());
  });

  it('lists a default that differs within a family by name', () => {
    expect(configReference()).toMatch(/`actions\.ACTION\.mode` .*reinitialize-replica `off`/);
  });
});
