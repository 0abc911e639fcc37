import { describe, expect, it } from 'vitest';
import { secretsOf, withoutRenewed, withoutSecrets } from '../../../src/config/secrets.js';
import { accepted, changed, codes, configFrom, CONTRACT_CONFIG, ENV } from './files.js';

const TOKEN = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff';
const at = 'clusters[0].hosts.peers';
const env = { ...ENV, PEER_TOKEN: TOKEN, SHORT_TOKEN: 'short' };
const URLS = {
  patroni1: 'https://10.0.0.1:8471',
  patroni2: 'https://10.0.0.2:8471',
  patroni3: 'https://10.0.0.3:8471',
};
const LOCAL = { local: 'docker', listen: '127.0.0.1:8471', tokenEnv: 'PEER_TOKEN', members: URLS };

const load = (peers: unknown, hosts: object = {}) =>
  configFrom(
    changed(changed(CONTRACT_CONFIG, 'clusters.0.tags', undefined), 'clusters.0.hosts', {
      driver: 'peers',
      members: { patroni2: 'pg' },
      ...hosts,
      peers,
    }),
    env,
  );

describe('hosts.peers', () => {
  it('is read, with the own member among the others, so that all instances may have one map', () => {
    const config = accepted(load({ ...LOCAL, dcs: { etcd2: 'https://10.0.0.2:8471' } }));
    expect(config.clusters[0]?.hosts).toMatchObject({
      driver: 'peers',
      members: { patroni2: 'pg' },
      peers: { local: 'docker', listen: { host: '127.0.0.1', port: 8471 }, members: URLS, token: TOKEN, tls: null },
    });
  });

  it('lends no power: each instance has it in its own file, and is told so who looks for it among the peers', () => {
    const power = { commands: { status: ['pdu', 'status', '{name}'], off: ['pdu', 'off', '{name}'] } };
    const own = { ...power, members: { patroni1: 'outlet1' } };
    const beside = (path: string, peers: object = LOCAL) => {
      const text = changed(changed(CONTRACT_CONFIG, 'clusters.0.tags', undefined), 'clusters.0.hosts', {
        ...{ driver: 'peers', members: { patroni2: 'pg' }, peers },
      });
      return configFrom(changed(text, path, own), env);
    };
    expect(accepted(beside('clusters.0.power')).clusters[0]?.power?.members).toEqual({ patroni1: 'outlet1' });
    for (const path of ['hosts.peers.power', 'hosts.power']) {
      const loaded = beside(`clusters.0.${path}`);
      expect(codes(loaded)).toEqual([`unknown-key clusters[0].${path}`]);
      expect(loaded.ok ? '' : loaded.errors[0]?.remedy).toMatch(/^write it as clusters\[\]\.power/);
    }
    expect(codes(beside('clusters.0.power', { ...LOCAL, local: 'power' }))).toEqual([expect.stringContaining('local')]);
  });

  it('keeps its token out of what is shown, and has it masked elsewhere', () => {
    const config = accepted(load(LOCAL));
    expect(JSON.stringify(withoutSecrets(config))).not.toContain(TOKEN);
    expect(withoutRenewed(config).clusters[0]?.hosts?.peers?.members).toEqual(URLS);
    expect(secretsOf(config)).toContain(TOKEN);
  });

  it.each<[string, unknown, object, string]>([
    ['are missing for the driver', undefined, {}, 'peers-driver clusters[0].hosts.driver'],
    ['stand beside another driver', LOCAL, { driver: 'docker' }, `peers-driver ${at}`],
    ['are reached beyond loopback in clear', { ...LOCAL, listen: '0.0.0.0:8471' }, {}, `peers-guarded ${at}.listen`],
    ['ask nobody who they are', { ...LOCAL, tokenEnv: null }, {}, `peers-guarded ${at}.listen`],
    [
      'are asked in clear',
      { ...LOCAL, members: { ...URLS, patroni1: 'http://10.0.0.1:8471' } },
      {},
      `peers-in-clear ${at}.members.patroni1`,
    ],
    ['share a token that can be guessed', { ...LOCAL, tokenEnv: 'SHORT_TOKEN' }, {}, `peer-token-weak ${at}`],
    [
      'have the same address twice',
      { ...LOCAL, members: { ...URLS, patroni3: URLS.patroni1 } },
      {},
      `peer-once ${at}.members.patroni3`,
    ],
    [
      'are of a member that nobody knows',
      { ...LOCAL, members: { ...URLS, patroni9: 'https://10.0.0.9:8471' } },
      {},
      `member-known ${at}.members.patroni9`,
    ],
    [
      'are of an etcd endpoint that nobody knows',
      { ...LOCAL, dcs: { etcd9: URLS.patroni1 } },
      {},
      `peer-endpoint-known ${at}.dcs.etcd9`,
    ],
    ['lend by no driver', { ...LOCAL, local: null }, {}, `peer-lends-something ${at}.local`],
    ['lend nothing', LOCAL, { members: {} }, `peer-lends-something ${at}.local`],
    [
      'lend by commands that are not there',
      { ...LOCAL, local: 'command' },
      {},
      'driver-commands clusters[0].hosts.driver',
    ],
    ['listen where the API does', { ...LOCAL, listen: '127.0.0.1:8470' }, {}, `peer-listens-once ${at}.listen`],
    [
      'have the members of another machine beside them, by where this one listens',
      { ...LOCAL, listen: '10.0.0.1:8471' },
      {},
      'peer-own-here clusters[0].hosts.members.patroni2',
    ],
    [
      'have the port of another instance for what is their own',
      { ...LOCAL, listen: '10.0.0.2:8472' },
      {},
      'peer-own-here clusters[0].hosts.members.patroni2',
    ],
    [
      'have what is their own at two addresses',
      { ...LOCAL, dcs: { etcd1: URLS.patroni1 } },
      { dcs: { etcd1: 'etcd' } },
      'peer-own-here clusters[0].hosts.dcs.etcd1',
    ],
  ])('that %s are refused, with the key', (_what, peers, hosts, code) => {
    const loaded = load(peers, hosts);
    expect(loaded.ok).toBe(false);
    expect(codes(loaded)).toContain(code);
  });

  it.each<[string, object, object]>([
    ['the same address, otherwise written', { listen: '[fd00:0::2]:8471' }, { patroni2: 'https://[fd00::2]:8471' }],
    ['the port that https has by itself', { listen: '10.0.0.2:443' }, { patroni2: 'https://10.0.0.2' }],
    ['every address of the machine', { listen: '0.0.0.0:9000' }, {}],
    ['loopback, behind something that others reach', { listen: '127.0.0.1:9000' }, {}],
    ['an address that the map has as a name', { listen: '10.0.0.2:8471' }, { patroni2: 'https://db2:8471' }],
    ['nowhere', { listen: null }, {}],
  ])('may have their own member in the map and listen on %s', (_what, listen, members) => {
    const found = codes(load({ ...LOCAL, ...listen, members: { ...URLS, ...members } }));
    // Without a certificate; nothing else is found.
    expect(found.filter((code) => !code.startsWith('peers-guarded '))).toEqual([]);
  });

  it('warns of a member that nobody lends a driver for', () => {
    const loaded = load({ ...LOCAL, members: { patroni1: URLS.patroni1 } });
    expect(loaded.ok).toBe(true);
    expect(codes(loaded)).toContain(`peer-complete ${at}.members`);
  });
});
