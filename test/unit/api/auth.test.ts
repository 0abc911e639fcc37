import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorize, type Access, type Knock } from '../../../src/api/auth.js';
import type { ApiConfig } from '../../../src/model/config.js';

const config: ApiConfig = {
  host: '127.0.0.1',
  port: 8470,
  tokens: [
    { name: 'wall', role: 'viewer', token: 'look' },
    { name: 'dba', role: 'operator', token: 'touch' },
    { name: 'forgotten', role: 'operator', token: '' },
  ],
};

const local = (headers: Knock['headers'] = {}): Knock => ({
  remoteAddress: '127.0.0.1',
  headers: { host: 'localhost:8470', ...headers },
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function outcome(access: Access, knock: Knock, of: ApiConfig = config): string {
  try {
    return authorize(access, knock, of)?.name ?? 'nobody';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('who may do what', () => {
  const cases: readonly { when: string; access: Access; knock: Knock; then: string }[] = [
    { when: 'reading on loopback without a token', access: 'viewer', knock: local(), then: 'nobody' },
    {
      when: 'reading on IPv6 loopback without a token',
      access: 'viewer',
      knock: { remoteAddress: '::1', headers: { host: '[::1]:8470' } },
      then: 'nobody',
    },
    {
      when: 'reading from another machine without a token',
      access: 'viewer',
      knock: { remoteAddress: '10.0.0.9', headers: { host: 'localhost' } },
      then: 'token-missing',
    },
    {
      when: 'reading from another machine with a viewer token',
      access: 'viewer',
      knock: { remoteAddress: '10.0.0.9', headers: { host: 'ekimi', ...bearer('look') } },
      then: 'wall',
    },
    {
      when: 'reading through a proxy on this machine without a token',
      access: 'viewer',
      knock: local({ 'x-forwarded-for': '203.0.113.7' }),
      then: 'token-missing',
    },
    {
      when: 'a browser led here by a foreign name that resolves to loopback',
      access: 'viewer',
      knock: local({ host: 'attacker.example:8470' }),
      then: 'token-missing',
    },
    { when: 'changing on loopback without a token', access: 'operator', knock: local(), then: 'token-missing' },
    {
      when: 'changing with a viewer token',
      access: 'operator',
      knock: local(bearer('look')),
      then: 'role-too-low',
    },
    { when: 'changing with an operator token', access: 'operator', knock: local(bearer('touch')), then: 'dba' },
    {
      when: 'recovering with an operator token',
      access: 'recovery',
      knock: local(bearer('touch')),
      then: 'role-too-low',
    },
    { when: 'a wrong token even for reading', access: 'viewer', knock: local(bearer('guess')), then: 'token-unknown' },
    {
      when: 'a token that only begins right',
      access: 'operator',
      knock: local(bearer('touchy')),
      then: 'token-unknown',
    },
    {
      when: 'a header that is not a bearer token',
      access: 'operator',
      knock: local({ authorization: 'Basic dG91Y2g6' }),
      then: 'token-missing',
    },
    {
      when: 'liveness from anywhere',
      access: 'open',
      knock: { remoteAddress: '10.0.0.9', headers: {} },
      then: 'nobody',
    },
  ];
  it.each(cases)('$when: $then', ({ access, knock, then }) => {
    expect(outcome(access, knock)).toBe(then);
  });

  it('an empty configured token opens nothing', () => {
    const only: ApiConfig = { ...config, tokens: [{ name: 'forgotten', role: 'operator', token: '' }] };
    expect(outcome('operator', local({ authorization: 'Bearer ' }), only)).toBe('no-operator-token');
  });
});

describe('a token of which the configuration has the digest alone', () => {
  const sha256 = createHash('sha256').update('a-token-of-enough-length').digest('hex');
  const hashed: ApiConfig = { ...config, tokens: [{ name: 'dba', role: 'operator', token: '', sha256 }] };

  it('opens what its role may do, and the digest itself opens nothing', () => {
    expect(outcome('operator', local(bearer('a-token-of-enough-length')), hashed)).toBe('dba');
    expect(outcome('operator', local(bearer(sha256)), hashed)).toBe('token-unknown');
    expect(outcome('operator', local(bearer('a-token-of-another-length')), hashed)).toBe('token-unknown');
    expect(outcome('operator', local(), hashed)).toBe('token-missing');
  });
});

describe('[A6] a reverse proxy on this host', () => {
  const sightings = () => ({ proxySeen: false });
  const reads = (knock: Knock, of: ApiConfig, seen = sightings()): string => {
    try {
      return authorize('viewer', knock, of, seen)?.name ?? 'nobody';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip'])(
    'that sends %s is no local program, whatever its Host says',
    (header) => {
      expect(reads(local({ [header]: 'x' }), config)).toBe('token-missing');
    },
  );

  it('that was seen once makes loopback no identity from then on', () => {
    const seen = sightings();
    expect(reads(local(), config, seen)).toBe('nobody');
    reads(local({ 'x-forwarded-for': '203.0.113.7' }), config, seen);
    expect(reads(local(), config, seen)).toBe('token-missing');
    expect(reads(local(bearer('look')), config, seen)).toBe('wall');
  });

  it('is not believed in because somebody elsewhere says so', () => {
    const seen = sightings();
    reads({ remoteAddress: '10.0.0.9', headers: { via: 'x' } }, config, seen);
    expect(reads(local(), config, seen)).toBe('nobody');
  });

  it('that speaks HTTP/1.0, as plain ones do, is no local program', () => {
    expect(reads({ ...local(), httpVersion: '1.0' }, config)).toBe('token-missing');
    expect(reads({ ...local(), httpVersion: '1.1' }, config)).toBe('nobody');
  });

  it('that gives no sign is shut out by the switch', () => {
    expect(reads(local(), { ...config, openOnLoopback: false })).toBe('token-missing');
    expect(reads(local(bearer('look')), { ...config, openOnLoopback: false })).toBe('wall');
  });
});
