import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeChanges } from '../../../src/config/compare.js';
import { errorText } from '../../../src/config/config-error.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { loadPolicy, parsePolicy } from '../../../src/config/load-policy.js';
import { checkTogether } from '../../../src/config/together.js';
import { accepted, acceptedPolicy, configFrom, policyFrom } from './files.js';

const folder = join(import.meta.dirname, '../../../config');
const pairs = [
  ['ekimi.example.yaml', 'policy.example.yaml'],
  ['lab.ekimi.yaml', 'lab.policy.yaml'],
  ['demo.ekimi.yaml', 'demo.policy.yaml'],
] as const;

describe.each(pairs)('config/%s and %s', (configName, policyName) => {
  const config = loadConfig(join(folder, configName), { PGPASSWORD: 'postgres' });
  const policy = loadPolicy(join(folder, policyName));

  it('are accepted without a warning', () => {
    expect(config.ok ? config.warnings.map(errorText) : config.errors.map(errorText)).toEqual([]);
    expect(policy.ok ? policy.warnings.map(errorText) : policy.errors.map(errorText)).toEqual([]);
  });

  it('fit each other, and the configuration names the policy', () => {
    const rows = checkTogether(accepted(config), acceptedPolicy(policy), policy.ok ? policy.locator : undefined);
    expect(rows.filter(({ severity }) => severity === 'error').map(errorText)).toEqual([]);
    expect(accepted(config).policyFile).toBe(join(folder, policyName));
  });
});

describe('the example policy', () => {
  it('says what is so anyway: it is the defaults, written out', () => {
    const written = acceptedPolicy(loadPolicy(join(folder, 'policy.example.yaml')));
    expect(describeChanges(acceptedPolicy(policyFrom('{}')), written)).toEqual([]);
  });
});

/** `# key: ...` blocks of an example with the comment sign removed; prose stays a comment. */
const uncommented = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/^( *)# ((?: *- | *)(?:\{|[A-Za-z]+:( |$)).*)$/, '$1$2'))
    .join('\n');

describe('what the examples show in comments', () => {
  it('is accepted too once it is taken out of them', () => {
    const text = uncommented(readFileSync(join(folder, 'ekimi.example.yaml'), 'utf8'));
    expect(Object.keys((parse(text) as { clusters: object[] }).clusters[0] ?? {})).toEqual(
      expect.arrayContaining(['postgres', 'proxy', 'hosts', 'tags']),
    );
    const loaded = configFrom(text, { PATRONI_PASSWORD: 'x', EKIMI_TOKEN: 'a-token-of-enough-length' });
    // The files that it names do not exist here; every key is known.
    expect(loaded.ok ? [] : [...new Set(loaded.errors.map(({ code }) => code))]).toEqual(['file-unreadable']);
  });

  it('of an instance beside each member is accepted too', () => {
    const loaded = configFrom(uncommented(readFileSync(join(folder, 'peers.example.yaml'), 'utf8')));
    expect(loaded.ok ? [] : [...new Set(loaded.errors.map(({ code }) => code))]).toEqual(['file-unreadable']);
  });

  it('of the policy is accepted too', () => {
    const text = readFileSync(join(folder, 'policy.example.yaml'), 'utf8')
      .replace(/^# (grace:)$/m, '$1')
      .replace(/^# ( +member-down:.*)$/m, '$1')
      .replace(/\[\] # - (\{.*\})$/gm, '[$1]');
    const policy = acceptedPolicy(parsePolicy('policy.yaml', new TextEncoder().encode(text)));
    expect(policy.grace).not.toEqual({});
    expect([...policy.windows.maintenance, ...policy.windows.freeze]).toHaveLength(2);
  });
});
