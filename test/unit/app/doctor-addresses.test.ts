import { describe, expect, it } from 'vitest';
import { addressRow } from '../../../src/app/doctor-addresses.js';
import type { AddressCheck } from '../../../src/model/address.js';
import { memberName } from '../../../src/model/names.js';
import { noEtcd, viewOf } from '../../support/view.js';

const check = (part: Partial<AddressCheck>): AddressCheck => ({
  member: memberName('patroni1'),
  channel: 'api',
  ours: 'pg1:8008',
  isDeclared: false,
  told: 'pg1:8008',
  how: 'same',
  ...part,
});
const rowOf = (...addresses: readonly AddressCheck[]) => addressRow({ ...viewOf(), addresses });

describe('[W2] the doctor on which addresses are compared how', () => {
  it('says how each was compared', () => {
    expect(
      rowOf(
        check({}),
        check({ channel: 'sql', ours: '10.0.0.1:5432', told: 'pg1:5432', how: 'by-name' }),
        check({ member: memberName('patroni2'), ours: '192.168.7.7:18008', told: '10.0.0.2:8008', how: 'elsewhere' }),
        check({ member: memberName('patroni3'), ours: 'pg3:8008', told: '10.0.0.3:8008', how: 'unresolved' }),
      ),
    ).toEqual({
      check: 'addresses',
      verdict: 'ok',
      detail: [
        'another than etcd has, so not compared (name it in `advertised` where NAT or a tunnel lies between): patroni2 api (192.168.7.7:18008, in etcd 10.0.0.2:8008)',
        'not compared, since a name is not known here: patroni3 api (pg3:8008, in etcd 10.0.0.3:8008)',
        'as in etcd, by what the names resolve to: patroni1 sql (10.0.0.1:5432, in etcd pg1:5432)',
        'as in etcd, word for word: patroni1 api',
      ].join('; '),
      disables: [],
    });
  });

  it('fails where one is that of another member', () => {
    const why = 'etcd has pg2:8008 as the address of patroni2, not of patroni1';
    expect(rowOf(check({ how: 'wrong', ours: 'pg2:8008', why }))).toMatchObject({
      verdict: 'fail',
      detail: expect.stringContaining(why),
      disables: ['every action'],
    });
  });

  it('warns where what is declared is not what etcd has', () => {
    const row = rowOf(check({ how: 'elsewhere', isDeclared: true, ours: '10.0.0.9:8008', told: '10.0.0.1:8008' }));
    expect(row).toMatchObject({ verdict: 'warn', detail: expect.stringContaining('10.0.0.9:8008 by advertised') });
  });

  it('says that nothing was compared while etcd does not answer', () => {
    expect(addressRow(viewOf(noEtcd))).toMatchObject({ verdict: 'off', detail: expect.stringContaining('etcd') });
  });
});
