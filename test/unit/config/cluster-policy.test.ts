import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadFiles, policyFor, readFiles } from '../../../src/app/files.js';
import { configReport } from '../../../src/cli/backend/config-report.js';
import { loadClusterPolicy, loadPolicy } from '../../../src/config/load-policy.js';
import { CONTRACT_CONFIG, ENV, folder } from './files.js';

const DEFAULTS = `mode: dry-run
lag:
  warning: 2MB
  critical: 20MB
actions:
  drain-replica: auto
  failover: { mode: approve, cooldown: 25m }
grace:
  leader-down: { for: 7s }
windows:
  freeze:
    - { cron: '0 0 24 12 *', for: 3d, reason: holidays }
`;

/** Both files in a folder, as paths. */
function two(own: string, defaults = DEFAULTS): readonly [string, string] {
  const directory = folder();
  const [file, ownFile] = [join(directory, 'policy.yaml'), join(directory, 'own.yaml')];
  writeFileSync(file, defaults);
  writeFileSync(ownFile, own);
  return [file, ownFile];
}

function policyOf(own: string) {
  const loaded = loadClusterPolicy(...two(own));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded;
}

const errorsOf = (own: string, defaults = DEFAULTS) => {
  const loaded = loadClusterPolicy(...two(own, defaults));
  return loaded.ok ? [] : loaded.errors;
};

describe('the policy of a cluster', () => {
  it('is the general one but for the keys that its own file has', () => {
    const { policy } = policyOf(`mode: enforce
actions: { drain-replica: off, failover: { cooldown: 15m } }
grace: { leader-down: { samples: 5 }, leaderless: { for: 9s } }
`);
    const general = loadPolicy(two('mode: enforce\n')[0]);
    if (!general.ok) throw new Error('no general policy');
    expect(policy.mode).toBe('enforce');
    expect(policy.lag).toEqual(general.policy.lag);
    expect(policy.actions['drain-replica'].mode).toBe('off');
    expect(policy.actions.failover).toEqual({ ...general.policy.actions.failover, cooldownMs: 900_000 });
    expect(policy.grace).toEqual({ 'leader-down': { forMs: 7_000, samples: 5 }, leaderless: { forMs: 9_000 } });
    expect(policy.windows).toEqual(general.policy.windows);
  });

  it('has the same hash as one file in which all of it stands', () => {
    const { policy, hash } = policyOf('mode: enforce\n');
    const one = loadPolicy(two('mode: enforce\n', DEFAULTS.replace('dry-run', 'enforce'))[0]);
    expect(one).toMatchObject({ ok: true, policy, hash });
  });

  it('has a list of its own as a whole: none is a list too', () => {
    expect(policyOf('windows: { freeze: [] }\n').policy.windows.freeze).toEqual([]);
    expect(policyOf('windows: { maintenance: [] }\n').policy.windows.freeze).toHaveLength(1);
  });

  it('is refused by the file, line and key of its own file', () => {
    expect(errorsOf('mode: enforce\nlag: { warnings: 1MB }\n')).toEqual([
      expect.objectContaining({ code: 'unknown-key', file: expect.stringMatching(/own\.yaml$/), line: 2 }),
    ]);
    expect(errorsOf('# nothing\n')).toEqual([expect.objectContaining({ code: 'file-empty' })]);
  });

  it('is refused as a whole where it only contradicts the general one, which names the key wherever it stands', () => {
    const [error] = errorsOf('# a comment\nlag: { critical: 1MB }\n');
    expect(error).toMatchObject({ code: 'lag-order', severity: 'error' });
    expect([error?.file, error?.line]).toEqual(
      error?.key === 'lag.critical'
        ? [expect.stringMatching(/own\.yaml$/), 2]
        : [expect.stringMatching(/policy\.yaml$/), 3],
    );
    expect(loadPolicy(two('mode: enforce\n')[0]).ok).toBe(true);
  });

  it('is refused where its file is not there, as one that allows nothing', () => {
    const [file] = two('mode: enforce\n');
    expect(loadClusterPolicy(file, '/nonexistent/own.yaml')).toMatchObject({
      ok: false,
      errors: [{ code: 'file-missing', file: '/nonexistent/own.yaml' }],
    });
  });
});

describe('a configuration of two clusters, one with a policy of its own', () => {
  function configured(own: string, general = 'mode: dry-run\n') {
    const directory = folder();
    const value = parse(CONTRACT_CONFIG) as { clusters: Record<string, unknown>[] };
    const [cluster] = value.clusters;
    const other = {
      scope: 'other',
      policy: './other.yaml',
      patroni: { members: { pg1: 'http://10.0.0.1:8008', pg2: 'http://10.0.0.2:8008' } },
      dcs: cluster?.['dcs'],
    };
    value.clusters = [{ ...cluster }, other];
    const configFile = join(directory, 'ekimi.yaml');
    writeFileSync(configFile, stringify(value));
    writeFileSync(join(directory, 'policy.yaml'), general);
    writeFileSync(join(directory, 'other.yaml'), own);
    return configFile;
  }

  it('gives each cluster its own', () => {
    const files = loadFiles(configured('mode: enforce\n'), ENV);
    if (!files.ok) throw new Error(files.errors.join('\n'));
    expect(policyFor(files, 'email-cluster').policy.mode).toBe('dry-run');
    expect(policyFor(files, 'other').policy.mode).toBe('enforce');
    expect(policyFor(files, 'other').hash).not.toBe(policyFor(files, 'email-cluster').hash);
  });

  it('is refused at a start for one bad file, with the name of the cluster; each cluster is read for itself', () => {
    const configFile = configured('limits: { minHealthyReplicas: 9 }\n');
    const files = loadFiles(configFile, ENV);
    expect(files.ok ? [] : files.errors).toEqual([
      expect.stringMatching(/other\.yaml:1:\d+: error \[floor-below-members\].* \(in the policy of cluster other, /),
    ]);
    const read = readFiles(configFile, ENV);
    expect(read.ok && read.byScope.get('email-cluster')?.ok).toBe(true);
    expect(read.ok && read.byScope.get('other')?.ok).toBe(false);
  });

  it('is reported by "ekimi config check" file by file', () => {
    Object.assign(process.env, ENV);
    const { files } = configReport(configured('mode: on\n'));
    expect(files.map(({ file, faults }) => [file.split('/').at(-1), faults.length])).toEqual([
      ['ekimi.yaml', 0],
      ['policy.yaml', 0],
      ['other.yaml', 1],
    ]);
  });
});
