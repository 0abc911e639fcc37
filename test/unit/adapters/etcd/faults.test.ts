import { describe, expect, test } from 'vitest';
import { faultOf, provesNothingDone, togetherOf } from '../../../../src/adapters/etcd/faults.js';

// Messages as grpc-js 1.14 and etcd 3.4 word them.
test.each([
  ['14 UNAVAILABLE: No connection established. Last error: Error: odd thing', 'odd thing'],
  ['14 UNAVAILABLE: No connection established.', 'no connection'],
  ['14 UNAVAILABLE: No connection established. Last error: null. Resolution note: x', 'no connection'],
])('what gRPC tells its developers is left out of %s', (message, why) => {
  expect(faultOf(new Error(message)).why).toBe(why);
});

describe('an error of etcd', () => {
  test.each([
    ['14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1', 'refused'],
    ['4 DEADLINE_EXCEEDED: Deadline exceeded after 1.500s,name resolution: 0.002s,metadata filters: 0.001s', 'timeout'],
    ['14 UNAVAILABLE: Name resolution failed for target dns:etcd9:2379', 'unresolved'],
    ['14 UNAVAILABLE: etcdserver: no leader', 'no-quorum'],
    ['14 UNAVAILABLE: etcdserver: request timed out', 'no-quorum'],
    ['7 PERMISSION_DENIED: etcdserver: permission denied', 'denied'],
    ['3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password', 'denied'],
    ['14 UNAVAILABLE: No connection established. Last error: Error: self-signed certificate', 'denied'],
    ['14 UNAVAILABLE: Connection dropped', 'closed'],
    ['14 UNAVAILABLE: No connection established. Last error: Error: connect EHOSTUNREACH 10.0.0.9:2379', 'unreachable'],
    ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', 'bad-reply'],
    ['something nobody has seen', 'unreachable'],
  ])('%s is %s', (message, fault) => {
    expect(faultOf(new Error(message)).fault).toBe(fault);
  });

  test('that is no Error still has a fault', () => {
    expect(faultOf('text')).toEqual({ fault: 'unreachable', why: 'text' });
  });
});

describe('errors of several endpoints', () => {
  test('one that timed out proves less than two that refused, and every endpoint is named', () => {
    const together = togetherOf([
      { endpoint: 'etcd1', fault: 'refused', why: 'connection refused' },
      { endpoint: 'etcd2', fault: 'timeout', why: 'no answer in time' },
      { endpoint: 'etcd3', fault: 'refused', why: 'connection refused' },
    ]);
    expect(together.fault).toBe('timeout');
    for (const name of ['etcd1', 'etcd2', 'etcd3']) expect(together.why).toContain(name);
  });

  test('an endpoint that says there is no leader decides', () => {
    const faults = [
      { endpoint: 'etcd1', fault: 'timeout', why: '' },
      { endpoint: 'etcd2', fault: 'no-quorum', why: '' },
    ] as const;
    expect(togetherOf(faults).fault).toBe('no-quorum');
  });
});

describe('what a failure proves', () => {
  test.each([
    ['7 PERMISSION_DENIED: etcdserver: permission denied', true, true],
    ['3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password', true, false],
    ['16 UNAUTHENTICATED: etcdserver: invalid auth token', true, false],
    ['14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1', true, false],
    ['4 DEADLINE_EXCEEDED: Deadline exceeded after 1.500s', false, false],
    ['14 UNAVAILABLE: Connection dropped', false, false],
    ['14 UNAVAILABLE: etcdserver: request timed out', false, false],
  ])('[S6] %s: nothing was done %s, and every endpoint would say so %s', (message, nothingDone, byRole) => {
    const fault = faultOf(new Error(message));
    expect(provesNothingDone(fault)).toBe(nothingDone);
    expect(fault.isByRole === true).toBe(byRole);
  });
});
