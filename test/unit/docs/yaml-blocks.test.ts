import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadFiles } from '../../../src/app/files.js';
import { BLOCKS } from './console.js';

type Tree = Readonly<Record<string, unknown>>;

/** By what stands in them: files of other programs. */
const OTHERS: readonly { readonly program: string; readonly key: string }[] = [
  { program: 'Prometheus', key: 'scrape_configs' },
  { program: 'Prometheus', key: 'groups' },
  { program: 'Alertmanager', key: 'receivers' },
  { program: 'Patroni', key: 'bootstrap' },
];

const CONFIG_KEYS = new Set(['clusters', 'notifications', 'api', 'journal', 'policy', 'instance']);

/** One that is whole and valid, for fragments. */
const LEAST = {
  clusters: [
    {
      scope: 'email-cluster',
      patroni: {
        members: {
          patroni1: 'http://10.0.0.1:8008',
          patroni2: 'http://10.0.0.2:8008',
          patroni3: 'http://10.0.0.3:8008',
        },
      },
      dcs: { hosts: ['http://10.0.0.1:2379'] },
      proxy: { stats: 'http://10.0.0.10:7000/stats', runtime: 'tcp://10.0.0.10:9999' },
      hosts: { driver: 'docker', members: { patroni1: 'patroni1', patroni2: 'patroni2', patroni3: 'patroni3' } },
    },
  ],
  journal: { directory: './journal' },
  policy: './policy.yaml',
};
const [CLUSTER] = LEAST.clusters;

const folder = mkdtempSync(join(tmpdir(), 'ekimi-yaml-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(under: unknown, over: unknown): unknown {
  if (!isTree(under) || !isTree(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, key in over ? merged(under[key], over[key]) : under[key]]));
}

const env: Record<string, string> = {};

/** What is named for a secret is there: a variable is set, a file has something in it. */
function provided(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => provided(one, key));
  if (isTree(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, provided(one, name)]));
  if (typeof value !== 'string') return value;
  if (key.endsWith('Env')) env[value] = 'https://hooks.example.com/a-secret-of-16-characters';
  if (!key.endsWith('File')) return value;
  const file = join(folder, 'secret');
  writeFileSync(file, 'https://hooks.example.com/services/of-a-test');
  return file;
}

interface Read {
  readonly page: string;
  readonly name: string | null;
  readonly tree: Tree;
}

const READ: readonly Read[] = BLOCKS.filter(({ language }) => /^ya?ml$/.test(language)).map(({ page, text }) => ({
  page,
  name: /^# (\S+\.yaml)/.exec(text)?.[1] ?? null,
  tree: parse(text) as Tree,
}));
const OURS = READ.filter(({ tree }) => !OTHERS.some(({ key }) => key in tree));

const isConfig = ({ tree }: Read): boolean => Object.keys(tree).some((key) => CONFIG_KEYS.has(key));

/** All that a page shows of ekimi.yaml, one after the other, as one who reads it to its end has it. */
function configOf(page: string): unknown {
  const shown = OURS.filter((one) => one.page === page && isConfig(one)).map(({ tree }) => tree);
  const whole = shown.some(({ clusters, journal }) => clusters !== undefined && journal !== undefined);
  const all = shown.reduce<unknown>(merged, whole ? {} : LEAST);
  const { clusters } = all as { clusters: readonly Tree[] };
  const filled = clusters.map((one) => ('patroni' in one ? one : { ...CLUSTER, ...one }));
  return provided({ ...(all as Tree), clusters: filled });
}

function loaded(page: string, policies: readonly Read[]) {
  const at = join(folder, page.replaceAll('/', '_') + String(policies.length));
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'policy.yaml'), 'mode: dry-run\n');
  for (const { name, tree } of policies) writeFileSync(join(at, name ?? 'policy.yaml'), stringify(tree));
  writeFileSync(join(at, 'ekimi.yaml'), stringify(configOf(page)));
  return loadFiles(join(at, 'ekimi.yaml'), env);
}

const faultsOf = (read: ReturnType<typeof loaded>): readonly string[] => (read.ok ? [] : read.errors);

describe('every configuration on the pages', () => {
  it.each([...new Set(OURS.filter(isConfig).map(({ page }) => page))])('%s: is loaded as it stands', (page) => {
    expect(
      faultsOf(
        loaded(
          page,
          OURS.filter((one) => one.page === page && !isConfig(one) && one.name !== null),
        ),
      ),
    ).toEqual([]);
  });

  it.each(OURS.filter((one) => !isConfig(one)).map((one, index) => ({ ...one, index })))(
    'policy $index of $page: is loaded as it stands',
    (one) => {
      const { name, ...rest } = one;
      // What is one cluster's own is read with its cluster.
      if (name !== null && name !== 'policy.yaml') return;
      expect(faultsOf(loaded(one.page, [{ ...rest, name: 'policy.yaml' }]))).toEqual([]);
    },
  );

  it('that is the example of the README warns of nothing', () => {
    const read = loaded(
      'README.md',
      OURS.filter(({ page, name }) => page === 'README.md' && name === 'policy.yaml'),
    );
    expect(read).toMatchObject({ ok: true, warnings: [] });
  });

  it('is looked at: what is of other programs is told by what stands in it', () => {
    expect(OURS.length).toBeGreaterThanOrEqual(9);
  });
});
