import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GAUGES } from '../../src/api/gauges.js';
import { BUILD_INFO } from '../../src/api/metrics.js';
import { COUNTERS, HISTOGRAMS } from '../../src/api/metrics/counters.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PROMTOOL = process.env['PROMTOOL'] ?? '/usr/bin/promtool';
const AMTOOL = process.env['AMTOOL'] ?? '/usr/bin/amtool';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
const text = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const rules = (parse(text('config/prometheus/ekimi.rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const board = JSON.parse(text('config/grafana/ekimi.json')) as { readonly panels: readonly Panel[] };

const OURS: ReadonlySet<string> = new Set([
  BUILD_INFO.name,
  ...[...GAUGES, ...Object.values(COUNTERS)].map(({ name }) => name),
  ...Object.values(HISTOGRAMS).flatMap(({ name }) => ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)),
]);

/** Metrics that a recorded answer of a real Patroni has, of any line. */
const PATRONIS: ReadonlySet<string> = new Set(
  ['patroni-3.0.2', 'patroni-4.1.4'].flatMap((line) =>
    readdirSync(`${root}test/fixtures/replies/${line}`)
      .filter((file) => file.endsWith('get-metrics.json'))
      .flatMap((file) => text(`test/fixtures/replies/${line}/${file}`).match(/\bpatroni_[a-z_]+/g) ?? []),
  ),
);

/** Where the pages are served: of each Prometheus. */
const BASE = '{{ $externalLabels.ekimi_docs }}';

const namesIn = (expr: string, prefix: string): readonly string[] =>
  expr.match(new RegExp(`\\b${prefix}_[a-z_]+`, 'g')) ?? [];

describe('alert rules', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for metrics that exist, and tells what to do',
    (_, { expr, labels, annotations }) => {
      expect(namesIn(expr, 'ekimi').filter((name) => !OURS.has(name))).toEqual([]);
      expect(namesIn(expr, 'patroni').filter((name) => !PATRONIS.has(name))).toEqual([]);
      expect(['critical', 'warning']).toContain(labels['severity']);
      expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
      const [page = '', anchor] = (annotations['runbook_url'] ?? '').replace(BASE, '').split('#');
      expect(annotations['runbook_url']).toMatch(/^\{\{ \$externalLabels\.ekimi_docs \}\}docs\//);
      expect(existsSync(`${root}${page}`), page).toBe(true);
      if (anchor !== undefined) expect(text(page)).toContain(`\n## ${anchor}\n`);
    },
  );

  it('are told in docs/alerts.md, each of them', () => {
    const told = text('docs/alerts.md');
    expect(rules.map(({ alert }) => alert).filter((alert) => !told.includes(`\`${alert}\``))).toEqual([]);
  });

  it('were seen as docs/alerts.md has it: pending never without a `for`, else before firing', () => {
    const told = text('docs/alerts.md');
    const seen = new Map(
      [...told.matchAll(/^\| (`[^|]*) \|[^|]*\| ([^|]*) \| ([\d.]+) \| [\d.]+ \|$/gm)].flatMap(
        ([, names = '', pending = '', firing = '']) =>
          [...names.matchAll(/`([^`]*)`/g)].map(([, name = '']) => [
            name.replace('...', 'PostgresReplicationLag'),
            { pending, firing: Number(firing) },
          ]),
      ),
    );
    expect([...seen.keys()].sort()).toEqual(rules.map(({ alert }) => alert).sort());
    for (const { alert, for: waits } of rules) {
      const { pending, firing } = seen.get(alert) ?? { pending: '', firing: 0 };
      if (waits === undefined) expect(pending, alert).toBe('never');
      else expect(Number(pending), alert).toBeLessThan(firing);
    }
    expect(told).toContain('saw all of them pending where they have a `for`, firing and resolved');
  });

  it('the dashboard asks for metrics that exist, and names each panel once', () => {
    const asked = board.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => namesIn(expr, 'ekimi')));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !OURS.has(name))).toEqual([]);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  });
});

describe.skipIf(!existsSync(PROMTOOL))('alert rules, judged by promtool', () => {
  const promtool = (...args: readonly string[]) =>
    spawnSync(PROMTOOL, args, { cwd: `${root}test/contract`, encoding: 'utf8' });

  it('are valid, and fire when they should and not before', () => {
    const done = promtool('test', 'rules', 'alert-rules.yml');
    expect(done.status, `${done.stdout}${done.stderr}`).toBe(0);
  });
});

describe.skipIf(!existsSync(AMTOOL))('the route to PagerDuty, judged by amtool', () => {
  const amtool = (...args: readonly string[]) => spawnSync(AMTOOL, args, { cwd: root, encoding: 'utf8' });
  const file = 'config/prometheus/alertmanager.yml';

  it('is valid, and takes what is critical and nothing else', () => {
    const checked = amtool('check-config', file);
    expect(checked.status, `${checked.stdout}${checked.stderr}`).toBe(0);
    const route = (severity: string) =>
      amtool('config', 'routes', 'test', `--config.file=${file}`, `severity=${severity}`).stdout.trim();
    expect([route('critical'), route('warning')]).toEqual(['pagerduty', 'quiet']);
  });
});
