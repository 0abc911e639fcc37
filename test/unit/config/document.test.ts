import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.js';
import { loadPolicy, parsePolicy } from '../../../src/config/load-policy.js';
import { codes, CONTRACT_CONFIG, CONTRACT_POLICY, configFrom, folder, policyFrom } from './files.js';

const firstOf = (text: string) => {
  const loaded = policyFrom(text);
  if (loaded.ok) throw new Error('accepted');
  const [error] = loaded.errors;
  if (error === undefined) throw new Error('no error');
  return error;
};

describe('a policy file that is not whole', () => {
  it.each([
    ['an empty file', '', 'file-empty'],
    ['blank lines only', '\n  \n', 'file-empty'],
    ['comments only', '# policy\n# to come\n', 'file-empty'],
    ['an explicit null document', '---\nnull\n', 'wrong-shape'],
    ['a list', '- mode: enforce\n', 'wrong-shape'],
    ['a bare word', 'enforce\n', 'wrong-shape'],
    ['a last line without its end', 'mode: enforce\nlimits: { perHour: 1', 'not-yaml'],
    ['a last line that happens to be valid', 'mode: enforce\nchain: 3', 'half-written'],
    ['a section that was cut behind its name', 'mode: enforce\nlimits:\n', 'wrong-shape limits'],
    ['a key that was cut behind its name', 'mode:\n', 'bad-value mode'],
    [
      'merge conflict markers',
      'mode: observe\n<<<<<<< ours\nchain: 30m\n=======\nchain: 1h\n>>>>>>> theirs\n',
      'merge-conflict',
    ],
    ['a tab in the indentation', 'lag:\n\twarning: 1MB\n', 'tab-indent'],
    ['a zeroed block', 'mode: observe\n\u0000\u0000\u0000\u0000\n', 'half-written'],
    ['two documents', 'mode: observe\n---\nmode: enforce\n', 'not-yaml'],
    ['the same key twice', 'mode: observe\nmode: enforce\n', 'duplicate-key'],
    ['the same nested key twice', 'lag: { for: 1s, for: 2s }\n', 'duplicate-key'],
    ['an unknown tag', 'mode: !secret enforce\n', 'not-yaml'],
    ['an alias of nothing', 'mode: *gone\n', 'not-yaml'],
  ])('%s is refused as a whole', (_case, text, code) => {
    const loaded = policyFrom(text);
    expect(loaded.ok).toBe(false);
    expect(codes(loaded)[0]).toBe(code);
  });

  it('two documents are told as that, without advice for programmers', () => {
    const loaded = policyFrom('mode: observe\n---\nmode: enforce\n');
    expect(loaded.ok ? '' : loaded.errors[0]?.found).toBe('a second document behind ---, where one is read');
  });

  it('that was cut anywhere within a line is refused, and so is one cut behind a section name', () => {
    for (let end = 0; end < CONTRACT_POLICY.length - 1; end += 1) {
      const text = CONTRACT_POLICY.slice(0, end);
      const loaded = policyFrom(text);
      if (loaded.ok) expect(text.endsWith('\n'), JSON.stringify(text.slice(-20))).toBe(true);
    }
    expect(policyFrom(CONTRACT_POLICY).ok).toBe(true);
  });

  it('that is not UTF-8 is refused', () => {
    const loaded = parsePolicy('policy.yaml', Uint8Array.from([0x6d, 0x6f, 0xff, 0xfe]));
    expect(codes(loaded)).toEqual(['file-not-text']);
  });

  it('that is written as JSON on one line needs no final newline, since its bracket closes it', () => {
    expect(policyFrom('{"mode": "observe"}').ok).toBe(true);
    expect(policyFrom('{"mode": "observe"').ok).toBe(false);
  });

  it('is not made acceptable by aliases that grow without bound', () => {
    const lines = ['a: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1)
      lines.push(`b${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    expect(policyFrom(`${lines.join('\n')}\n`).ok).toBe(false);
    expect(policyFrom(`blockers: { never: { users: [*a, &a [*a]] } }\n`).ok).toBe(false);
  });
});

describe('a file that cannot be read', () => {
  it('allows nothing when the policy is missing', () => {
    const loaded = loadPolicy(join(folder(), 'policy.yaml'));
    expect(loaded.ok ? null : loaded.errors[0]).toMatchObject({ code: 'file-missing', severity: 'error' });
  });

  it('is told apart from a missing one', () => {
    const directory = folder();
    mkdirSync(join(directory, 'policy.yaml'));
    expect(codes(loadPolicy(join(directory, 'policy.yaml')))).toEqual(['file-unreadable']);
    expect(codes(loadConfig(join(directory, 'policy.yaml'), {}))).toEqual(['file-unreadable']);
    expect(codes(loadConfig(join(directory, 'ekimi.yaml'), {}))).toEqual(['file-missing']);
  });

  it('has the same checks of text as a policy when it is the configuration', () => {
    expect(codes(configFrom(''))).toEqual(['file-empty']);
    expect(codes(configFrom(CONTRACT_CONFIG.replace(/\n$/, '')))).toEqual(['half-written']);
  });
});

describe('where an error is', () => {
  it.each([
    ['mode: observe\nlag: { warning: 1MB, critcal: 2MB }\n', 2, 22, 'lag.critcal'],
    ['mode: observe\nlag:\n  for: 10\n', 3, 3, 'lag.for'],
    ['windows:\n  freeze:\n    - cron: "0 0 * * *"\n', 3, 7, 'windows.freeze[0].for'],
    ['actions:\n  drain-replica: sometimes\n', 2, 18, 'actions.drain-replica.mode'],
    ['drain:\n  actuators:\n    - proxy\n    - tags\n', 4, 7, 'drain.actuators[1]'],
    ['lag:\n  warning: 20MB\n  critical: 10MB\n', 2, 3, 'lag.warning'],
    ['mode: observe\nmode: enforce\n', 2, 1, ''],
    ['a: {\n', 2, 1, ''],
    ['lag:\n \twarning: 1MB\n', 2, 2, ''],
  ])('is said by line, column and key: %j', (text, line, column, key) => {
    expect(firstOf(text)).toMatchObject({ file: 'policy.yaml', line, column, key });
  });

  it.each([
    ['windows:\n  freeze:\n  - cron: "0 0 * * *"\n   for: 1h\n', 'belongs neither to the entry above it'],
    ['lag:\n  warning: 1MB\n   critical: 2MB\n', 'as if it were part of the line above'],
    ['lag:\n  warning: 1MB\n critical: 2MB\n', 'indented otherwise than its neighbours'],
  ])('of a wrong indent is said in words: %j', (text, words) => {
    expect(firstOf(text).found).toContain(words);
  });

  it('is said with what was found, what is expected and what to do', () => {
    const errors = [firstOf('lag: { for: 10 }\n'), firstOf('moed: enforce\n'), firstOf('')];
    for (const error of errors) {
      expect(error.found).not.toBe('');
      expect(error.expected).not.toBe('');
      expect(error.remedy).not.toBe('');
    }
  });

  it('is said for every error at once, in sections, lists and optional parts alike', () => {
    const loaded = policyFrom(
      'mood: observe\nlag: { warning: big, for: 5 }\ngrace: { member-down: { samples: 0 } }\nwindows: { freeze: [{ cron: daily, for: 1h, timezone: CEST2 }] }\n',
    );
    expect(codes(loaded)).toEqual([
      'unknown-key mood',
      'bad-value lag.warning',
      'bad-value lag.for',
      'bad-value grace.member-down.samples',
      'bad-value windows.freeze[0].cron',
      'bad-value windows.freeze[0].timezone',
    ]);
  });
});

describe('a secret in a file', () => {
  it('is not repeated by the message that refuses it', () => {
    const directory = folder();
    const file = join(directory, 'ekimi.yaml');
    for (const text of [
      CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'password: hunter2'),
      CONTRACT_CONFIG.replace('passwordEnv: PGPASSWORD', 'password: hunter2\n      password: hunter2'),
      CONTRACT_CONFIG.replace('http://127.0.0.1:8008', 'http://admin:hunter2@127.0.0.1:8008'),
    ]) {
      writeFileSync(file, text);
      const loaded = loadConfig(file, { PATRONI_PASSWORD: 'x', PGPASSWORD: 'x' });
      expect(loaded.ok).toBe(false);
      expect(JSON.stringify(loaded)).not.toContain('hunter2');
    }
  });
});
