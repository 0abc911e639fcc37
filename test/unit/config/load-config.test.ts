import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddresses } from '../../../src/config/load-addresses.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { accepted, changed, codes, configFrom, configWith, CONTRACT_CONFIG, ENV, folder } from './files.js';

const first = 'clusters.0';

describe('where a daemon is', () => {
  it('is known without a single secret being set, and relative paths start at the file', () => {
    const directory = folder();
    const file = join(directory, 'ekimi.yaml');
    writeFileSync(file, CONTRACT_CONFIG);
    expect(loadConfig(file, {}).ok).toBe(false);
    expect(loadAddresses(file)).toMatchObject({
      ok: true,
      host: '127.0.0.1',
      port: 8470,
      journalDirectory: join(directory, 'var/journal'),
      clusters: [{ scope: 'email-cluster', members: ['patroni1', 'patroni2', 'patroni3'] }],
    });
  });

  it('is not told from a file that is wrong', () => {
    const file = join(folder(), 'ekimi.yaml');
    writeFileSync(file, `${CONTRACT_CONFIG}retires: 3\n`);
    const found = loadAddresses(file);
    expect(found.ok ? [] : found.errors.map((error) => error.key)).toEqual(['retires']);
  });
});

describe('the configuration of the design document', () => {
  it('is accepted to the letter and completed with defaults', () => {
    const directory = folder();
    const file = join(directory, 'ekimi.yaml');
    writeFileSync(file, CONTRACT_CONFIG);
    const config = accepted(loadConfig(file, ENV));
    const [cluster] = config.clusters;
    expect(cluster).toEqual({
      scope: 'email-cluster',
      secretEnv: ['EKIMI_TOKEN', 'PATRONI_PASSWORD', 'PGPASSWORD'],
      members: ['patroni1', 'patroni2', 'patroni3'],
      patroni: {
        urls: {
          patroni1: 'http://127.0.0.1:8008',
          patroni2: 'http://127.0.0.1:8009',
          patroni3: 'http://127.0.0.1:8010',
        },
        advertised: {},
        auth: { username: 'admin', password: 'of patroni' },
        tls: null,
      },
      dcs: {
        hosts: [
          { name: 'etcd1', url: 'http://127.0.0.1:2379' },
          { name: 'etcd2', url: 'http://127.0.0.1:2381' },
          { name: 'etcd3', url: 'http://127.0.0.1:2383' },
        ],
        namespace: '/service/',
        auth: null,
        tls: null,
        ekimiNamespace: '/ekimi/',
        tenureTtlMs: 15_000,
        quotaBytes: 2 * 1024 ** 3,
      },
      postgres: {
        hosts: {
          patroni1: { host: '127.0.0.1', port: 5432 },
          patroni2: { host: '127.0.0.1', port: 5433 },
          patroni3: { host: '127.0.0.1', port: 5434 },
        },
        advertised: {},
        user: 'postgres',
        password: 'of postgres',
        database: 'postgres',
        tls: null,
      },
      proxies: [
        {
          name: 'proxy',
          tls: null,
          servers: {},
          pools: { writes: 'postgres_primary', reads: ['postgres_replicas'] },
          stats: 'http://127.0.0.1:7000/stats',
          statsAuth: null,
          runtime: 'tcp://127.0.0.1:9999',
        },
      ],
      hosts: {
        driver: 'docker',
        socket: 'unix:///var/run/docker.sock',
        commands: null,
        systemd: null,
        members: { patroni1: 'email-patroni1', patroni2: 'email-patroni2', patroni3: 'email-patroni3' },
        dcs: { etcd1: 'email-etcd1', etcd2: 'email-etcd2', etcd3: 'email-etcd3' },
        dcsData: null,
        proxy: { haproxy: 'email-haproxy' },
      },
      power: null,
      tags: { driver: 'docker', file: '/etc/patroni.yml', commands: null },
      sites: {},
      intended: {},
      deadlines: { read: 3_000, slowRead: 12_000, sql: 3_000, dcs: 2_000, proxy: 2_000, host: 5_000 },
    });
    expect(config.journal).toEqual({
      directory: join(directory, 'var/journal'),
      maxFileBytes: 64 * 1024 * 1024,
      keepFiles: 32,
    });
    expect(config.api).toEqual({
      host: '127.0.0.1',
      port: 8470,
      openOnLoopback: true,
      streams: 1000,
      tls: null,
      tokens: [],
    });
    expect(config.policyFile).toBe(join(directory, 'policy.yaml'));
    expect(config.log).toEqual({ level: 'info', pretty: false });
    expect(config.instance).toBe(`${hostname()}:${process.pid}`);
  });

  it('needs nothing but scope, members and DCS hosts', () => {
    const config = accepted(
      configFrom(
        'clusters:\n  - scope: a\n    patroni: { members: { m1: http://h:8008 } }\n    dcs: { hosts: [http://h:2379] }\n',
        {},
      ),
    );
    expect(config.clusters[0]).toMatchObject({ postgres: null, proxies: [], hosts: null, tags: null });
  });

  it('has one hash whatever the secrets are, and another when anything else changes', () => {
    // One path for all: relative paths are resolved against it, and are part of the hash.
    const directory = folder();
    const hashOf = (env: Record<string, string>, text = CONTRACT_CONFIG): string => {
      writeFileSync(join(directory, 'ekimi.yaml'), changed(text, 'instance', 'one'));
      const loaded = loadConfig(join(directory, 'ekimi.yaml'), env);
      return loaded.ok ? loaded.hash : 'refused';
    };
    const hash = hashOf(ENV);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf({ ...ENV, PGPASSWORD: 'another' })).toBe(hash);
    expect(hashOf(ENV, CONTRACT_CONFIG.replace('8010', '8011'))).not.toBe(hash);
  });
});

describe('secrets', () => {
  it('come from a file, without its final end of line', () => {
    const directory = folder();
    writeFileSync(join(directory, 'pg.password'), 's p a c e s \r\n');
    const file = join(directory, 'ekimi.yaml');
    writeFileSync(file, CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'passwordFile: pg.password'));
    expect(accepted(loadConfig(file, ENV)).clusters[0]?.postgres?.password).toBe('s p a c e s ');
  });

  it.each([
    [
      'a literal password',
      CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'password: x'),
      'literal-secret clusters[0].postgres.password',
    ],
    [
      'a literal password of Patroni',
      CONTRACT_CONFIG.replace('passwordEnv: PATRONI_PASSWORD', 'password: x'),
      'literal-secret clusters[0].patroni.auth.password',
    ],
    [
      'a literal token',
      changed(CONTRACT_CONFIG, 'api.tokens', [{ name: 'a', role: 'viewer', token: 'x' }]),
      'literal-secret api.tokens[0].token',
    ],
    [
      'a variable that is not set',
      CONTRACT_CONFIG.replace('PGPASSWORD', 'NOT_SET'),
      'secret-unset clusters[0].postgres.passwordEnv',
    ],
    [
      'a file that is not there',
      CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'passwordFile: gone'),
      'file-unreadable clusters[0].postgres.passwordFile',
    ],
    [
      'both sources',
      CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'passwordEnv: PGPASSWORD\n      passwordFile: x'),
      'secret-twice clusters[0].postgres.passwordFile',
    ],
    [
      'auth without a source',
      CONTRACT_CONFIG.replace(', passwordEnv: PATRONI_PASSWORD', ''),
      'secret-missing clusters[0].patroni.auth',
    ],
    [
      'a token without a source',
      changed(CONTRACT_CONFIG, 'api.tokens', [{ name: 'a', role: 'viewer' }]),
      'secret-missing api.tokens[0]',
    ],
    [
      'a file that is no PEM',
      changed(CONTRACT_CONFIG, `${first}.patroni.tls`, { ca: '/etc/hostname' }),
      'file-not-usable clusters[0].patroni.tls.ca',
    ],
    [
      'a certificate that is not there, by its path',
      changed(CONTRACT_CONFIG, `${first}.patroni.tls`, { ca: '/etc/ekimi/gone.pem' }),
      'file-unreadable clusters[0].patroni.tls.ca',
    ],
  ])('%s is refused, with the remedy', (_case, text, code) => {
    const loaded = configFrom(text);
    expect(codes(loaded)).toContain(code);
  });

  it('that are set but empty count as not set', () => {
    expect(codes(configFrom(CONTRACT_CONFIG, { ...ENV, PGPASSWORD: '' }))).toEqual([
      'secret-unset clusters[0].postgres.passwordEnv',
    ]);
  });
});

describe('names of DCS endpoints', () => {
  it('are those of hosts.dcs when a bare list has as many', () => {
    const config = accepted(configWith(`${first}.hosts.dcs`, { a: 'c1', b: 'c2', c: 'c3' }));
    expect(config.clusters[0]?.dcs.hosts.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('are their own when they are written as a map', () => {
    const text = changed(CONTRACT_CONFIG, `${first}.dcs.hosts`, { one: 'http://h:1/', two: 'http://h:2' });
    const config = accepted(configFrom(changed(text, `${first}.hosts.dcs`, { two: 'c2' })));
    expect(config.clusters[0]?.dcs.hosts).toEqual([
      { name: 'one', url: 'http://h:1' },
      { name: 'two', url: 'http://h:2' },
    ]);
  });

  it('are a riddle, and refused, when hosts.dcs names another number of them', () => {
    expect(codes(configWith(`${first}.hosts.dcs`, { infra1: 'c1' }))).toEqual([
      'dcs-host-known clusters[0].hosts.dcs.infra1',
    ]);
  });
});

const member = (name: string): string => `${first}.patroni.members.${name}`;

describe('the data directory of units of systemd', () => {
  const hosts = (systemd: object, members: object = { patroni1: 'patroni' }, more: object = { driver: 'systemd' }) =>
    configFrom(
      changed(changed(CONTRACT_CONFIG, 'clusters.0.tags', undefined), 'clusters.0.hosts', {
        ...more,
        systemd,
        members,
      }),
    );
  const at = 'clusters[0].hosts.systemd';
  const all = { patroni1: 'a', patroni2: 'b', patroni3: 'c' };

  it('is read, with df and pg_wal; none is a configuration too', () => {
    const data = '/var/lib/postgresql/15/main';
    expect(accepted(hosts({ data })).clusters[0]?.hosts?.systemd).toMatchObject({ data, wal: null, df: ['df'] });
    expect(accepted(hosts({})).clusters[0]?.hosts?.systemd).toMatchObject({ data: null, wal: null });
    expect(codes(hosts({ data: '/d/{name}', wal: '/w/{name}' }, all))).toEqual([]);
  });

  it.each(['pgdata', '/var/lib/postgresql/', '/', '/with blank/d', '', '/d\n', 7])('%j is none', (data) => {
    expect(codes(hosts({ data }))).toEqual([`bad-value ${at}.data`]);
  });

  it('of three members is not one and the same, and of another driver nobody minds', () => {
    expect(codes(hosts({ data: '/d', wal: '/w/{name}' }, all))).toEqual([`data-names-member ${at}.data`]);
    expect(codes(hosts({ data: '/d/{name}', wal: '/w' }, all))).toEqual([`data-names-member ${at}.wal`]);
    expect(codes(hosts({ data: '/d' }, all, { driver: 'docker' }))).toEqual([]);
    for (const key of ['controldata', 'waldump']) {
      expect(codes(hosts({ [key]: ['program', '/d'] }, all))).toEqual([`data-names-member ${at}.${key}`]);
      expect(codes(hosts({ [key]: ['program', '/d/{name}'] }, all))).toEqual([]);
    }
  });
});

describe('values that do not go together', () => {
  it.each([
    [
      'a member of postgres that patroni lacks',
      `${first}.postgres.members.patroni4`,
      '127.0.0.1:5439',
      'member-known clusters[0].postgres.members.patroni4',
    ],
    [
      'a host of a member that patroni lacks',
      `${first}.hosts.members.patorni1`,
      'x',
      'member-known clusters[0].hosts.members.patorni1',
    ],
    [
      'two members at one URL',
      member('patroni2'),
      'http://127.0.0.1:8008',
      'place-unique clusters[0].patroni.members.patroni2',
    ],
    [
      'two members at one URL, written otherwise',
      member('patroni2'),
      'http://127.0.0.1:8008/',
      'place-unique clusters[0].patroni.members.patroni2',
    ],
    [
      'two members in one PostgreSQL',
      `${first}.postgres.members.patroni3`,
      '127.0.0.1:5432',
      'place-unique clusters[0].postgres.members.patroni3',
    ],
    [
      'two members in one container',
      `${first}.hosts.members.patroni3`,
      'email-patroni1',
      'place-unique clusters[0].hosts.members.patroni3',
    ],
    [
      'one etcd endpoint twice',
      `${first}.dcs.hosts`,
      ['http://h:1', 'http://h:2', 'http://h:1'],
      'place-unique clusters[0].dcs.hosts',
    ],
    ['no member', `${first}.patroni.members`, {}, 'members-some clusters[0].patroni.members'],
    ['no etcd endpoint', `${first}.dcs.hosts`, [], 'dcs-hosts-some clusters[0].dcs.hosts'],
    [
      'our keys among those of Patroni',
      `${first}.dcs.ekimiNamespace`,
      '/service/ekimi/',
      'namespace-apart clusters[0].dcs.ekimiNamespace',
    ],
    [
      'tenure that one slow call would lose',
      `${first}.deadlines.dcs`,
      '10s',
      'tenure-outlives-call clusters[0].dcs.tenureTtl',
    ],
    [
      'tenure in fractions of a second',
      `${first}.dcs.tenureTtl`,
      '15500ms',
      'tenure-outlives-call clusters[0].dcs.tenureTtl',
    ],
    [
      'the driver command without commands',
      `${first}.hosts.driver`,
      'command',
      'driver-commands clusters[0].hosts.driver',
    ],
    ['tags by command without commands', `${first}.tags.driver`, 'command', 'driver-commands clusters[0].tags.driver'],
    [
      'tags in one file for all members',
      `${first}.tags`,
      { driver: 'file', file: '/etc/patroni.yml' },
      'command-names-target clusters[0].tags.file',
    ],
    [
      'tags in containers that nobody named',
      `${first}.hosts`,
      undefined,
      'tags-need-containers clusters[0].tags.driver',
    ],
    [
      'one backend for both pools',
      `${first}.proxy.replicaBackend`,
      'postgres_primary',
      'backends-apart clusters[0].proxy.replicaBackend',
    ],
    ['etcd without verification', `${first}.dcs.tls`, { insecure: true }, 'tls-insecure clusters[0].dcs.tls.insecure'],
  ])('%s is an error', (_case, path, value, code) => {
    const loaded = configWith(path, value);
    expect(loaded.ok).toBe(false);
    expect(codes(loaded)).toContain(code);
  });

  it('two clusters of one scope are an error', () => {
    const text = `${CONTRACT_CONFIG.split('journal:')[0] ?? ''}  - { scope: email-cluster, patroni: { members: { m: http://h:1 } }, dcs: { hosts: [http://h:2] } }\n`;
    expect(codes(configFrom(text))).toEqual(['scope-unique clusters[1].scope']);
  });

  it('the same member twice is an error of the YAML already', () => {
    const text = CONTRACT_CONFIG.replace('patroni2: http', 'patroni1: http');
    expect(codes(configFrom(text))).toEqual(['duplicate-key']);
  });

  it('two tokens with one name or one value are errors', () => {
    const token = (name: string, tokenEnv: string) => ({ name, role: 'operator', tokenEnv });
    const load = (tokens: unknown) =>
      configFrom(changed(CONTRACT_CONFIG, 'api.tokens', tokens), { ...ENV, OTHER: 'another-token-of-length' });
    expect(codes(load([token('a', 'EKIMI_TOKEN'), token('a', 'OTHER')]))).toEqual(['token-unique api.tokens[1].name']);
    const same = load([token('a', 'EKIMI_TOKEN'), token('b', 'EKIMI_TOKEN')]);
    expect(codes(same)).toEqual(['token-unique api.tokens[1]']);
    expect(JSON.stringify(same)).not.toContain(ENV.EKIMI_TOKEN);
  });

  it('a token may be there as its digest, in no other form, and not beside itself', () => {
    const digest = createHash('sha256').update(ENV.EKIMI_TOKEN).digest('hex');
    const load = (...tokens: readonly object[]) =>
      configFrom(
        changed(
          CONTRACT_CONFIG,
          'api.tokens',
          tokens.map((source, index) => ({ name: `t${index}`, role: 'operator', ...source })),
        ),
        ENV,
      );
    const loaded = load({ tokenSha256: digest.toUpperCase() });
    expect(loaded.ok && loaded.config.api.tokens).toEqual([
      { name: 't0', role: 'operator', token: '', sha256: digest },
    ]);
    expect(codes(load({ tokenSha256: digest }, { tokenEnv: 'EKIMI_TOKEN' }))).toEqual(['token-unique api.tokens[1]']);
    expect(codes(load({ tokenSha256: digest, tokenEnv: 'EKIMI_TOKEN' }))).toEqual([
      'secret-twice api.tokens[0].tokenSha256',
    ]);
    const wrong = load({ tokenSha256: 'the token itself' });
    expect([wrong.ok, codes(wrong)[0]?.split(' ')[1]]).toEqual([false, 'api.tokens[0].tokenSha256']);
    expect(JSON.stringify(wrong)).not.toContain('the token itself');
  });

  it('a command without {name} is an error, since every member would get the same', () => {
    const commands = {
      status: ['h', '{name}'],
      start: ['h', '{name}'],
      stop: ['h', 'all'],
      restart: ['h', '{name}'],
      kill: [],
    };
    const text = changed(
      changed(CONTRACT_CONFIG, `${first}.hosts.driver`, 'command'),
      `${first}.hosts.commands`,
      commands,
    );
    expect(codes(configFrom(changed(text, `${first}.tags`, undefined)))).toEqual([
      'command-names-target clusters[0].hosts.commands.stop',
      'command-names-target clusters[0].hosts.commands.kill',
    ]);
  });

  it.each([
    [
      'a member without PostgreSQL',
      `${first}.postgres.members.patroni3`,
      undefined,
      'member-complete clusters[0].postgres.members',
    ],
    [
      'Patroni without verification',
      `${first}.patroni.tls`,
      { insecure: true },
      'tls-insecure clusters[0].patroni.tls.insecure',
    ],
    [
      'a heartbeat in a database that is not read',
      `${first}.postgres.heartbeat`,
      { database: 'ops' },
      'heartbeat-readable clusters[0].postgres.heartbeat.database',
    ],
  ])('%s is a warning', (_case, path, value, code) => {
    const loaded = configWith(path, value);
    expect(loaded.ok).toBe(true);
    expect(codes(loaded)).toEqual([code]);
  });

  it('an API that others can reach is a warning with tokens, and refused without', () => {
    const exposed = changed(CONTRACT_CONFIG, 'api.listen', '0.0.0.0:8470');
    const tokens = [{ name: 'a', role: 'viewer', tokenEnv: 'LONG' }];
    const env = { ...ENV, LONG: 'a-token-of-enough-length' };
    const loaded = configFrom(changed(exposed, 'api.tokens', tokens), env);
    expect([loaded.ok, codes(loaded)]).toEqual([true, ['api-exposed api.listen']]);
    const bare = configFrom(changed(exposed, 'api.tokens', []), env);
    expect([bare.ok, codes(bare)[0]]).toEqual([false, 'api-exposed-without-tokens api.listen']);
  });

  it('a short token is a warning that does not tell the token', () => {
    const text = changed(CONTRACT_CONFIG, 'api.tokens', [{ name: 'a', role: 'viewer', tokenEnv: 'SHORT' }]);
    const loaded = configFrom(text, { ...ENV, SHORT: 'hunter2' });
    expect(codes(loaded)).toEqual(['token-weak api.tokens[0]']);
    expect(JSON.stringify(loaded.ok ? loaded.warnings : null)).not.toContain('hunter2');
  });
});

describe('single values', () => {
  it.each([
    [member('patroni1'), 'ftp://h:1'],
    [member('patroni1'), 'h:8008'],
    [member('patroni1'), 'http://h:8008/patroni'],
    [member('bad name'), 'http://h:8008'],
    [member('a/b'), 'http://h:8008'],
    [`${first}.scope`, 7],
    [`${first}.scope`, 'a/b'],
    [`${first}.dcs.namespace`, '/'],
    [`${first}.postgres.members.patroni1`, '127.0.0.1'],
    [`${first}.postgres.members.patroni1`, '127.0.0.1:65536'],
    [`${first}.postgres.members.patroni1`, '127.0.0.1:0'],
    [`${first}.proxy.runtime`, '/run/haproxy.sock'],
    [`${first}.proxy.runtime`, 'tcp://h'],
    [`${first}.hosts.driver`, 'kubernetes'],
    [`${first}.deadlines.read`, 3],
    [`${first}.deadlines.read`, '1ms'],
    ['journal.maxFile', 64],
    ['journal.keepFiles', '32'],
    ['journal.keepFiles', 1.5],
    ['log.pretty', 'no'],
    ['log.level', 'loud'],
    ['instance', ''],
    ['api.listen', '8470'],
    ['clusters', {}],
    ['clusters', []],
    ['clusters', undefined],
  ])('%s: %j is refused', (path, value) => {
    const loaded = configWith(path, value);
    expect(loaded.ok).toBe(false);
  });

  it.each([
    [`${first}.postgres.members.patroni1`, '[::1]:5432', { host: '::1', port: 5432 }],
    [`${first}.postgres.members.patroni1`, 'db-1.example:5432', { host: 'db-1.example', port: 5432 }],
  ])('%s: %s is accepted', (path, value, expected) => {
    expect(accepted(configWith(path, value)).clusters[0]?.postgres?.hosts['patroni1']).toEqual(expected);
  });

  it('a member whose name has dots is a member, not a level', () => {
    const text = CONTRACT_CONFIG.replaceAll('patroni1:', 'db1.example.org:');
    const config = accepted(configFrom(text));
    expect(config.clusters[0]?.members).toEqual(['db1.example.org', 'patroni2', 'patroni3']);
  });

  it('one anchor can serve several clusters', () => {
    const text = `clusters:
  - { scope: a, patroni: { members: { m: http://h:1 } }, dcs: &etcd { hosts: [http://h:2379] } }
  - { scope: b, patroni: { members: { m: http://h:2 } }, dcs: *etcd }
`;
    expect(accepted(configFrom(text)).clusters.map(({ dcs }) => dcs.hosts[0]?.url)).toEqual([
      'http://h:2379',
      'http://h:2379',
    ]);
  });

  it('a name that JavaScript gives a meaning to is an ordinary unknown key', () => {
    for (const name of ['__proto__', 'constructor', 'prototype', '_cvtProperties', 'a.b']) {
      expect(codes(configFrom(`${CONTRACT_CONFIG}${name}: { prototype: { x: 1 } }\n`))).toEqual([
        `unknown-key ${name}`,
      ]);
    }
  });
});

describe('[A11] names', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'a member called %s is refused where it is written',
    (name) => {
      const loaded = configFrom(CONTRACT_CONFIG.replaceAll('patroni1:', `${name}:`));
      expect(loaded.ok).toBe(false);
      expect(codes(loaded).join()).toContain(`patroni.members`);
    },
  );
});

describe('an address as it is copied from elsewhere', () => {
  it.each([
    [
      'of Patroni without a port',
      'patroni.members',
      { patroni1: 'http://10.0.0.1' },
      'write the port too: without one 80',
    ],
    ['of etcd without a port', 'dcs.hosts', ['http://10.0.0.1'], 'write the port too: without one 80'],
    [
      'of a template that nobody filled in',
      'patroni.members',
      { patroni1: 'http://${PATRONI1}:8008' },
      'a template left',
    ],
    ['of a port that no port is', 'patroni.members', { patroni1: 'http://10.0.0.1:80080' }, 'between 1 and 65535'],
    ['of etcd as one text', 'dcs.hosts', 'http://10.0.0.1:2379', 'write each endpoint as an entry of a list'],
    ['of the statistics as CSV', 'proxy.stats', 'http://10.0.0.7:7000/stats;csv', 'leave out ;csv'],
  ])('%s is refused, with what to write', (_case, key, value, remedy) => {
    const loaded = configFrom(changed(CONTRACT_CONFIG, `${first}.${key}`, value));
    expect(loaded.ok ? [] : loaded.errors.map((error) => error.remedy).join()).toContain(remedy);
  });

  it.each(['https://10.0.0.1:443', 'https://10.0.0.1', 'http://10.0.0.1:80'])('as %s is taken', (url) => {
    const loaded = configFrom(changed(CONTRACT_CONFIG, `${first}.dcs.hosts`, [url]));
    expect(loaded.ok ? [] : loaded.errors.filter(({ key }) => key.includes('dcs.hosts'))).toEqual([]);
  });

  const faultOf = (path: string, value: unknown, env: Readonly<Record<string, string>> = ENV) => {
    const loaded = configFrom(changed(CONTRACT_CONFIG, `${first}.${path}`, value), env);
    const [fault] = loaded.ok ? [] : loaded.errors;
    return fault;
  };

  it('a file that is not there is named by its path where that is plainly one, a secret in its place is not', () => {
    const found = (path: string, value: unknown): string => faultOf(path, value)?.found ?? '';
    expect(found('patroni.tls', { ca: '/etc/ekimi/gone.pem' })).toContain('"/etc/ekimi/gone.pem"');
    const auth = (passwordFile: string): string => found('patroni.auth', { username: 'admin', passwordFile });
    expect(auth('/etc/ekimi/gone')).toBe('"/etc/ekimi/gone" where there is no file');
    expect(faultOf('patroni.auth', { username: 'admin', passwordFile: '/etc/ekimi/gone' })?.remedy).toBe(
      'create the file, or correct the path',
    );
    for (const secret of [
      'correct-horse',
      'Tr0ub4dor/3x',
      '/aZ9+kk3dQ/WqLp',
      'https://hooks.slack.com/services/T0/B0/xyz',
    ])
      expect(auth(secret)).toMatch(/^a (?:path|text), not shown/);
  });

  it('a variable that is not set is named where its name is plainly one, a secret in its place is not', () => {
    const fault = (passwordEnv: string) => faultOf('patroni.auth', { username: 'admin', passwordEnv }, {});
    expect(fault('PATRONI_REST_PASSWORD')).toMatchObject({
      found: 'the environment variable PATRONI_REST_PASSWORD that is not set',
      remedy: expect.stringMatching(/^set PATRONI_REST_PASSWORD where Ekimi is started/),
      key: expect.stringContaining('passwordEnv'),
    });
    for (const name of ['EKIMI_OPERATOR', 'PATRONI_REST', 'ETCD_ROOT', 'PATRONI_PASSWORD_2', 'DB_TOKEN'])
      expect(fault(name)?.found).toBe(`the environment variable ${name} that is not set`);
    expect(fault('hunter2')?.remedy).toMatch(/^set the variable that this line names \(its name is not repeated/);
    for (const secret of ['ETCD_9x', 'PG_hunter', 'CORRECT_HORSE_2'])
      expect(fault(secret)?.found).toBe('an environment variable that is not set');
    for (const secret of ['hunter2', 'HUNTER2', 'CORRECTHORSE', 'correct_horse', 'S3CRET_KEY_9'])
      expect(fault(secret)?.found).toBe('an environment variable that is not set');
  });

  it('a certificate of the API that cannot be read is told once', () => {
    const tls = { cert: '/etc/ekimi/gone.pem', key: '/etc/ekimi/gone.key' };
    const loaded = configFrom(changed(CONTRACT_CONFIG, 'api.tls', tls));
    const keys = loaded.ok ? [] : loaded.errors.map(({ key }) => key);
    expect(keys).toEqual(['api.tls.cert', 'api.tls.key']);
  });
});
