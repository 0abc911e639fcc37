import { describe, expect, it } from 'vitest';
import { peerRows } from '../../../src/app/doctor-peers.js';
import { memberHost, storeHost, type PeerTold } from '../../../src/model/host.js';
import { testPolicy } from '../../support/policy.js';
import { fresh, unknown, type Reading } from '../../../src/model/reading.js';

const DAY_MS = 86_400_000;
const url = 'https://10.0.0.2:8471';
const targets = [memberHost('patroni2'), storeHost('etcd2')];
const WELL: PeerTold = {
  instance: 'db2:77',
  driver: 'docker',
  lends: targets,
  clockAheadMs: -12,
  blind: null,
  certificateEndsAtMs: 400 * DAY_MS,
};
const rowFor = (told: Reading<PeerTold>) => peerRows([{ url, targets, told }], testPolicy(), 0)[0];
const told = (more: Partial<PeerTold>) => rowFor(fresh({ ...WELL, ...more }, 0, url));

const LOST = expect.arrayContaining([
  'start-member on patroni2',
  'expedite-failover on patroni2',
  'fence-member on patroni2',
  'fence-leader on patroni2',
  'start-store on etcd2',
]) as string[];

describe('what doctor says of an instance that lends its host driver', () => {
  it('names it, its driver, what it lends and its clock', () => {
    expect(told({})).toEqual({
      check: `peer ${url}`,
      verdict: 'ok',
      detail: 'db2:77 lends docker for patroni2, etcd2; its clock is 12 ms behind ours',
      disables: [],
    });
  });

  it.each<[string, Partial<PeerTold>, RegExp]>([
    ['lends something else', { lends: [memberHost('patroni3')] }, /no driver for patroni2, etcd2/],
    [
      'cannot read who holds tenure',
      { blind: 'no linearizable read' },
      /does nothing for anybody: no linearizable read/,
    ],
    ['has a clock that it would refuse ours by', { clockAheadMs: 6_000 }, /6000 ms ahead of ours: beyond 5 s/],
  ])('fails one that %s, and names what is lost', (_what, more, detail) => {
    expect(told(more)).toMatchObject({
      verdict: 'fail',
      detail: expect.stringMatching(detail) as string,
      disables: LOST,
    });
  });

  it('fails one that lends what another one has by our map, unless it is the same instance at another address', () => {
    const other = { url: 'https://10.0.0.3:8471', targets: [memberHost('patroni3')] };
    const copied = { url, targets, told: fresh({ ...WELL, lends: [...targets, memberHost('patroni3')] }, 0, url) };
    const row = (instance: string) =>
      peerRows(
        [copied, { ...other, told: fresh({ ...WELL, instance, lends: [memberHost('patroni3')] }, 0, url) }],
        testPolicy(),
        0,
      );
    expect(row('db3:78')).toMatchObject([
      { verdict: 'fail', detail: expect.stringMatching(/lends patroni3, which by .*10\.0\.0\.3:8471 lends/) as string },
      { verdict: 'ok' },
    ]);
    expect(row('db2:77')).toMatchObject([{ verdict: 'ok' }, { verdict: 'ok' }]);
  });

  it('fails one that does not answer, by its reason', () => {
    const row = rowFor(unknown('refused', 'who by https://10.0.0.2:8471: connection refused', 0, url));
    expect(row).toMatchObject({
      verdict: 'fail',
      detail: expect.stringContaining('connection refused') as string,
      disables: LOST,
    });
  });

  it.each<[string, Partial<PeerTold>, RegExp]>([
    ['a clock that drifts', { clockAheadMs: 1_500 }, /1500 ms ahead/],
    ['a certificate near its end', { certificateEndsAtMs: 20 * DAY_MS }, /ends at 1970-01-21/],
  ])('warns of %s', (_what, more, detail) => {
    expect(told(more)).toMatchObject({
      verdict: 'warn',
      detail: expect.stringMatching(detail) as string,
      disables: [],
    });
  });
});
