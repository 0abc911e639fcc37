import type { DcsEndpoint, DcsMembership } from '../../src/model/dcs.js';
import type { ProblemCode } from '../../src/model/problem.js';
import { fresh, unknown } from '../../src/model/reading.js';
import type { SituationRow } from './leader-situations.js';
import {
  all,
  api,
  CLEAN_MEMORY,
  endpointTells,
  keys,
  noEtcd,
  NOW_MS,
  SCOPE,
  silent,
  sql,
  type Change,
} from './view.js';

const GIB = 1024 ** 3;
const NAMES = ['etcd1', 'etcd2', 'etcd3'];
const etcd = (part: Partial<DcsEndpoint>): Change => all(...NAMES.map((name) => endpointTells(name, part)));
const url = (name: string): string => `http://${name}:2379`;
const listed = NAMES.map((name) => ({ name, url: url(name) }));
type Member = DcsMembership['members'][number];
const memberOf = (name: string, part: Partial<Member> = {}): Member => ({
  id: `id-${name}`,
  name,
  clientUrls: [url(name)],
  isLearner: false,
  ...part,
});
const lists =
  (...members: readonly Member[]): Change =>
  (view) => ({ ...view, dcs: { ...view.dcs, membership: fresh({ members, listed }, NOW_MS, 'etcd') } });
const [one, two, three] = [memberOf('etcd1'), memberOf('etcd2'), memberOf('etcd3')];
const elected = (...agesMs: readonly number[]) => ({
  memory: {
    ...CLEAN_MEMORY,
    etcd: { term: '9', elections: agesMs.map((ageMs) => NOW_MS - ageMs), ids: {} },
  },
});
const answeredAs = (ids: Readonly<Record<string, string>>) => ({
  memory: { ...CLEAN_MEMORY, etcd: { term: '9', elections: [], ids } },
});
const noRead: Change = (view) => ({
  ...view,
  dcs: { ...view.dcs, keys: unknown('timeout', 'no linearizable read within 2000 ms', NOW_MS, 'etcd') },
});

export const PLATFORM_SITUATIONS = {
  'dcs-slow': {
    subject: SCOPE,
    seen: [
      { name: '[P26] a read takes 900 ms', view: [keys({ tookMs: 900 })] },
      { name: '[P26] no read comes through, and the members answer for themselves', view: [noRead] },
    ],
    friends: [
      { name: 'a read takes 40 ms', view: [keys({ tookMs: 40 })] },
      { name: 'etcd is gone', view: [noEtcd] },
      { name: 'an older journal', view: [] },
    ],
  },
  'dcs-electing': {
    subject: SCOPE,
    seen: [{ name: '[P26] four elections within the hour', with: elected(3_000_000, 2_000_000, 60_000, 5_000) }],
    friends: [{ name: 'three, as when every member is restarted', with: elected(90_000, 60_000, 5_000) }],
  },
  'dcs-nearly-full': {
    subject: SCOPE,
    seen: [
      { name: '[P26] 76 percent of 2 GiB', view: [etcd({ dbSizeBytes: 1.53 * GIB, quotaBytes: 2 * GIB })] },
      {
        name: '[P26] one member alone',
        view: [endpointTells('etcd2', { dbSizeBytes: 1.9 * GIB, quotaBytes: 2 * GIB })],
      },
    ],
    friends: [
      { name: 'the same size under a larger quota', view: [etcd({ dbSizeBytes: 1.9 * GIB, quotaBytes: 8 * GIB })] },
      { name: 'a quota that is not known', view: [etcd({ dbSizeBytes: 1.9 * GIB })] },
    ],
  },
  'dcs-membership-differs': {
    subject: SCOPE,
    seen: [
      {
        name: '[P27] etcd3 was replaced by a member at another address',
        view: [lists(one, two, memberOf('etcd4'))],
        with: answeredAs({ etcd1: one.id, etcd2: two.id, etcd3: three.id }),
      },
      {
        name: '[P27] replaced under its old name at another address',
        view: [lists(one, two, memberOf('etcd3', { id: 'new', clientUrls: ['http://10.0.0.9:2379'] }))],
      },
      { name: '[P27] a fourth one that we do not have', view: [lists(one, two, three, memberOf('etcd4'))] },
      { name: '[P27] a learner', view: [lists(one, two, { ...three, isLearner: true })] },
    ],
    friends: [
      { name: 'the same three', view: [lists(one, two, three)] },
      {
        name: 'other names for the addresses, as each has answered',
        view: [lists(one, two, memberOf('c', { id: 'c', clientUrls: ['https://10.0.0.3:2379/'] }))],
        with: answeredAs({ etcd1: one.id, etcd2: two.id, etcd3: 'c' }),
      },
      { name: 'etcd does not list its members' },
    ],
  },
  'versions-differ': {
    subject: SCOPE,
    seen: [
      { name: '[P27] a minor version of PostgreSQL', view: [sql('patroni3', { serverVersion: 150019 })] },
      { name: '[P27] a major version of PostgreSQL', view: [sql('patroni3', { serverVersion: 160003 })] },
      { name: '[P27] Patroni', view: [api('patroni2', { version: '3.0.2' })] },
      { name: '[P27] etcd', view: [etcd({ version: '3.5.9' }), endpointTells('etcd3', { version: '3.6.1' })] },
    ],
    friends: [
      { name: 'one is silent', view: [silent('patroni3', 'api'), silent('patroni3', 'sql')] },
      { name: 'all are the same', view: [etcd({ version: '3.6.1' })] },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;
