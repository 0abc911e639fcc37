import { describe, expect, it } from 'vitest';
import { redactorOf } from '../../../src/config/redactor.js';
import { withoutSecrets } from '../../../src/config/secrets.js';
import type { EkimiConfig } from '../../../src/model/config.js';
import { accepted, changed, configFrom, CONTRACT_CONFIG } from './files.js';

const tokens = [{ name: 'on-call', role: 'operator', tokenEnv: 'TOKEN' }];
const statsAuth = { username: 'stats', passwordEnv: 'STATS' };
const TEXT = changed(changed(CONTRACT_CONFIG, 'api.tokens', tokens), 'clusters.0.proxy.statsAuth', statsAuth);
const SECRETS = {
  PATRONI_PASSWORD: 'of patroni',
  PGPASSWORD: 'a"b\\c/d e',
  STATS: 'p.w+1',
  TOKEN: 'a-token-of-enough-length',
};

const configWithSecrets = (env: Partial<typeof SECRETS> = {}): EkimiConfig =>
  accepted(configFrom(TEXT, { ...SECRETS, ...env }));

describe('the configuration as it may be shown', () => {
  it('holds none of its secrets', () => {
    const shown = JSON.stringify(withoutSecrets(configWithSecrets()));
    for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
  });
});

const addressed = Object.assign(new URL('http://h'), { password: SECRETS.PGPASSWORD }).password;

describe('a text that repeats a secret', () => {
  const redact = redactorOf(configWithSecrets()).text;
  it.each([
    ['as it is', 'failed: of patroni', 'failed: [secret]'],
    ['in JSON', '{"p":"a\\"b\\\\c/d e"}', '{"p":"[secret]"}'],
    ['in an address', 'postgres://u:a%22b%5Cc%2Fd%20e@h', 'postgres://u:[secret]@h'],
    ['as basic authentication carries it', `Basic ${btoa('admin:of patroni')}`, 'Basic [secret]'],
    ['twice', 'of patroni, of patroni', '[secret], [secret]'],
    ['in JSON within JSON', '"a\\\\\\"b\\\\\\\\c/d e"', '"[secret]"'],
    ['as the password of an address', `http://u:${addressed}@h`, 'http://u:[secret]@h'],
    ['a token', 'x=a-token-of-enough-length;', 'x=[secret];'],
    ['a short one as a word', 'was p.w+1!', 'was [secret]!'],
  ])('%s has it replaced', (_case, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each(Array.from({ length: 20 }, (_, index) => index + 4))(
    '[A9] has what a cut left of it replaced: the first %i characters',
    (kept) => {
      const secret = SECRETS.TOKEN;
      const basic = btoa('admin:of patroni');
      for (const whole of [secret, basic]) {
        const left = whole.slice(0, Math.min(kept, whole.length));
        expect(redact(`status 500 with "Authorization: ${left}"`)).toBe('status 500 with "Authorization: [secret]"');
        expect(redact(`it said ${left}`)).toBe('it said [secret]');
      }
    },
  );

  it('is left where a short one is only part of a longer word', () => {
    expect(redact('xp.w+12')).toBe('xp.w+12');
    expect(redact('pXw+1')).toBe('pXw+1');
  });

  it('is left where the secret is a word that the configuration spells out', () => {
    const weak = redactorOf(configWithSecrets({ PGPASSWORD: 'postgres' })).text;
    expect(weak('set server postgres_replicas/patroni3')).toBe('set server postgres_replicas/patroni3');
    expect(weak('of patroni')).toBe('[secret]');
  });

  it('is itself when there is no secret at all', () => {
    const bare = configFrom(
      'clusters:\n  - scope: a\n    patroni: { members: { m1: http://h:1 } }\n    dcs: { hosts: [http://h:2] }\n',
      {},
    );
    expect(redactorOf(accepted(bare)).text('of patroni')).toBe('of patroni');
  });
});

describe('a document that repeats a secret', () => {
  const redact = redactorOf(configWithSecrets());
  const read = (value: unknown): unknown => JSON.parse(redact.json(JSON.stringify(value)));

  it('has it replaced in its strings and in the names of its parts, however deep', () => {
    const { PGPASSWORD, PATRONI_PASSWORD } = SECRETS;
    const nested = JSON.stringify({ [PGPASSWORD]: PATRONI_PASSWORD });
    expect(read({ a: [{ [PGPASSWORD]: `x ${PATRONI_PASSWORD}` }], nested })).toEqual({
      a: [{ '[secret]': 'x [secret]' }],
      nested: '{"[secret]":"[secret]"}',
    });
  });

  it.each([
    ['Python', 'p\u00e4ss<1>', 'päss<1>'],
    ['Go', 'päss\u003c1\u003e', 'päss<1>'],
  ])('has it replaced as %s writes it', (_by, written, secret) => {
    const of = redactorOf(configWithSecrets({ PGPASSWORD: secret }));
    expect(of.text(`{"p":"${written}"}`)).toBe('{"p":"[secret]"}');
  });

  it('is the very same one where there is none', () => {
    const value = { lsn: 5n, text: 'nothing', figures: [1, 2.5] };
    expect(redact.value(value)).toBe(value);
    const text = '{"a" : "b"}';
    expect(redact.json(text)).toBe(text);
  });

  it('keeps its figures and positions, whatever digits a password has', () => {
    const figures = redactorOf(configWithSecrets({ PGPASSWORD: '1234567890' }));
    const value = {
      atMs: 11_234_567_890_123,
      at: 0x12345678_90000000n,
      text: 'failed: 1234567890',
      port: '1234567890',
    };
    expect(figures.value(value)).toEqual({ ...value, text: 'failed: [secret]', port: '[secret]' });
  });

  it.each(['streaming', '15018'])('keeps facts that are the ordinary word %s, and hides it in sentences', (word) => {
    const of = redactorOf(configWithSecrets({ PGPASSWORD: word }));
    const value = { state: word, [word]: `${word}-standby`, why: `said ${word}`, at: `postgres://u:${word}@h` };
    expect(of.value(value)).toEqual({ ...value, why: 'said [secret]', at: 'postgres://u:[secret]@h' });
  });

  it.each(['kindness77', 'leader-of-the-pack', 'running-wild', 'states7x', 'body-check-1', 'fresh123'])(
    'keeps every name and state with which the password %s begins, and hides what a cut left of it in a sentence',
    (password) => {
      const of = redactorOf(configWithSecrets({ PGPASSWORD: password }));
      const names = Array.from({ length: password.length - 4 }, (_, index) => password.slice(0, 4 + index));
      const document = Object.fromEntries(names.filter((name) => /^[a-z]+$/.test(name)).map((name) => [name, name]));
      const cut = password.slice(0, -1);
      expect(of.value({ ...document, why: `said ${cut}` })).toEqual({ ...document, why: 'said [secret]' });
      expect(of.value({ [password]: password })).toEqual({ '[secret]': '[secret]' });
    },
  );

  it('hides a whole value that is a passphrase', () => {
    const of = redactorOf(configWithSecrets({ PGPASSWORD: 'correct-horse-battery' }));
    expect(of.value({ tag: 'correct-horse-battery' })).toEqual({ tag: '[secret]' });
  });
});
