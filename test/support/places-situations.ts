import type { DrainRecord } from '../../src/model/ledger.js';
import type { ProblemCode } from '../../src/model/problem.js';
import type { SituationRow } from './leader-situations.js';
import {
  all,
  api,
  CLEAN_MEMORY,
  config,
  drainedByUs,
  endpoint,
  isPrimary,
  keys,
  leaderKey,
  ledgerOf,
  noEtcd,
  noProxy,
  NOW_MS,
  silent,
  type Change,
} from './view.js';

const SITES = { patroni1: 'fra', patroni2: 'fra', patroni3: 'ams', etcd1: 'fra', etcd2: 'ams', etcd3: 'ams' };
export const onSites: Change = (view) => ({ ...view, sites: SITES });
const sitesWith =
  (more: Readonly<Record<string, string>>): Change =>
  (view) => ({ ...view, sites: { ...SITES, ...more } });
const gone = (name: string): Change => all(silent(name, 'api'), silent(name, 'sql'));
const noEndpoint = (name: string): Change => endpoint(name, 'refused');
/** Most members are with us; nothing of `fra` answers, which had most of etcd. */
export const cutOffIn = (ours: string): readonly Change[] => [
  sitesWith({
    patroni1: 'ams',
    patroni2: 'ams',
    patroni3: 'fra',
    etcd1: 'ams',
    etcd2: 'fra',
    etcd3: 'fra',
    ekimi: ours,
  }),
  gone('patroni3'),
  noEndpoint('etcd2'),
  noEndpoint('etcd3'),
  noEtcd,
];
const failsafe = (...names: readonly string[]): Change =>
  all(config({ failsafeMode: true }), keys({ failsafe: names }));
const addresses = (changes: number) => ({
  memory: {
    ...CLEAN_MEMORY,
    addresses: {
      patroni2: {
        last: 'http://10.0.0.2:8008/patroni',
        known: ['http://10.0.0.9:8008/patroni', 'http://10.0.0.2:8008/patroni'],
        changesMs: Array.from({ length: changes }, (_, index) => NOW_MS - index * 10_000),
      },
    },
  },
});

const ledBy3 = all(leaderKey('patroni3'), isPrimary('patroni3'));
const drainOf3 = (part: Partial<DrainRecord>) =>
  ledgerOf({ drains: drainedByUs('patroni3').drains.map((row) => ({ ...row, ...part })) });

export const PLACES_SITUATIONS = {
  'site-lost': {
    subject: 'fra',
    seen: [
      {
        name: '[P15] both members and the etcd endpoint of a site are silent',
        view: [onSites, gone('patroni1'), gone('patroni2'), noEndpoint('etcd1')],
      },
      {
        name: '[P15] the proxy stood there and is silent too',
        view: [sitesWith({ proxy: 'fra' }), noProxy, gone('patroni1'), gone('patroni2'), noEndpoint('etcd1')],
      },
      {
        name: '[P15] it is lost to an instance elsewhere that has the quorum of etcd',
        view: [sitesWith({ ekimi: 'ams' }), gone('patroni1'), gone('patroni2'), noEndpoint('etcd1')],
      },
    ],
    friends: [
      { name: 'one member of it answers', view: [onSites, gone('patroni1'), noEndpoint('etcd1')] },
      {
        name: 'nothing answers anywhere',
        view: [
          onSites,
          ...['patroni1', 'patroni2', 'patroni3'].map(gone),
          ...['etcd1', 'etcd2', 'etcd3'].map(noEndpoint),
        ],
      },
      {
        name: 'the proxy of it answers',
        view: [sitesWith({ proxy: 'fra' }), gone('patroni1'), gone('patroni2'), noEndpoint('etcd1')],
      },
      { name: 'it is the site of this instance that is cut off', view: cutOffIn('ams') },
      { name: 'no sites are configured', view: [gone('patroni1'), gone('patroni2'), noEndpoint('etcd1')] },
    ],
  },
  'watchdog-failed': {
    subject: 'patroni2',
    seen: [{ name: '[P18] its Patroni says so', view: [api('patroni2', { watchdogFailed: true })] }],
    friends: [{ name: 'it says nothing of a watchdog', view: [] }],
  },
  'failsafe-incomplete': {
    subject: 'patroni3',
    seen: [{ name: '[P19] the mode is on and the set lacks it', view: [failsafe('patroni1', 'patroni2')] }],
    friends: [
      { name: 'the set has all of them', view: [failsafe('patroni1', 'patroni2', 'patroni3')] },
      { name: 'the mode is off and an old set is left', view: [keys({ failsafe: ['patroni1'] })] },
    ],
  },
  'restart-scheduled': {
    subject: 'patroni2',
    seen: [
      {
        name: '[P20] its Patroni says so',
        view: [api('patroni2', { scheduledRestart: { at: '2026-01-15T03:00:00+00:00' } })],
      },
    ],
    friends: [
      { name: 'it waits for a restart that nobody scheduled', view: [api('patroni2', { pendingRestart: true })] },
    ],
  },
  'member-doubled': {
    subject: 'patroni2',
    seen: [{ name: '[P21] its address changed four times in ten minutes', view: [], with: addresses(4) }],
    friends: [{ name: 'it moved to another host', view: [], with: addresses(1) }],
  },
  'drain-left-over': {
    subject: 'patroni3',
    seen: [
      { name: '[O6] we drained it and it leads by now', view: [ledBy3], with: { ledger: drainedByUs('patroni3') } },
    ],
    friends: [
      { name: 'we drained it and it follows', view: [], with: { ledger: drainedByUs('patroni3') } },
      { name: 'it leads and we drained nobody', view: [ledBy3] },
      { name: 'a person asked for the drain', view: [ledBy3], with: { ledger: drainOf3({ by: 'ann' }) } },
      { name: 'the drain was a rehearsal', view: [ledBy3], with: { ledger: drainOf3({ shadow: true }) } },
      {
        name: 'it holds the key and is not promoted yet',
        view: [leaderKey('patroni3')],
        with: { ledger: drainedByUs('patroni3') },
      },
      { name: 'etcd does not answer', view: [ledBy3, noEtcd], with: { ledger: drainedByUs('patroni3') } },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;
