import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = join(ROOT, 'test/fixtures/grafana');
const PROMTOOL = process.env['PROMTOOL'] ?? '/usr/bin/promtool';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly options?: unknown;
  readonly fieldConfig?: { readonly defaults: { readonly custom?: unknown } };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Board {
  readonly panels: readonly Panel[];
}
const board = JSON.parse(readFileSync(join(ROOT, 'config/grafana/ekimi.json'), 'utf8')) as Board;

const folder = mkdtempSync(join(tmpdir(), 'ekimi-grafana-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A JSON has the values of an enum, never its names. */
const withoutEnums = (text: string): string =>
  text.replaceAll(/export declare enum (\w+) \{([^}]*)\}/g, (_, name: string, body: string) => {
    const rows = [...body.matchAll(/(\w+) = ("[^"]*"|-?\d+)/g)].map(([, key = '', value = '']) => ({ key, value }));
    const members = rows.map(({ key, value }) => `type ${key} = ${value};`).join(' ');
    return `export type ${name} = ${rows.map(({ value }) => value).join(' | ')};
export declare namespace ${name} { ${members} }`;
  });

/** Grafana's own types, as `@grafana/schema` has them: the dashboard, and the options of each kind of panel that is there. */
for (const file of readdirSync(TYPES).filter((name) => name.endsWith('.txt'))) {
  const text = readFileSync(join(TYPES, file), 'utf8').replaceAll(
    /from '(@grafana\/schema|[./]*common\/common\.gen)'/g,
    "from './common.js'",
  );
  writeFileSync(join(folder, file.replace('.txt', '.d.ts')), withoutEnums(text));
}
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

const KINDS: Readonly<Record<string, string>> = {
  timeseries: 'timeseries',
  'state-timeline': 'statetimeline',
  table: 'table',
};

/** What the compiler says of a dashboard that is given as a literal: unknown fields, wrong types, what is missing. */
function faultsOf({ panels, ...rest }: Board): readonly string[] {
  const lines = [
    "import type { Dashboard } from './dashboard.js';",
    ...Object.values(KINDS).map((file) => `import type * as ${file} from './${file}.js';`),
    `export const board: Dashboard = ${JSON.stringify({ ...rest, panels })};`,
    ...panels
      .filter(({ type }) => type !== 'row')
      .flatMap(({ id, type, options, fieldConfig }) => {
        const kind = KINDS[type] ?? `no_types_of_${type.replaceAll('-', '_')}`;
        return [
          `export const options${id}: ${kind}.Options = ${JSON.stringify(options ?? {})};`,
          `export const custom${id}: Partial<${kind}.FieldConfig> = ${JSON.stringify(fieldConfig?.defaults.custom ?? {})};`,
        ];
      }),
  ];
  const path = join(folder, 'board.ts');
  writeFileSync(path, lines.join('\n'));
  const program = ts.createProgram([path], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    lib: ['lib.es2022.d.ts'],
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the file of a Grafana dashboard', () => {
  it('is a dashboard by the types that Grafana publishes, with the options of its panels', () => {
    expect(faultsOf(board)).toEqual([]);
  });

  it.each([
    [
      'an unknown field',
      { legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }, tooltips: 1 },
      /tooltips/,
    ],
    ['a missing one', {}, /legend/],
    [
      'a wrong word',
      {
        legend: { showLegend: true, displayMode: 'lists', placement: 'bottom', calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      /lists/,
    ],
  ])('with %s in the options of a panel it is none', (_, options, said) => {
    const [panel] = board.panels.filter(({ type }) => type === 'timeseries');
    expect(faultsOf({ panels: [{ ...panel!, options }] }).join('\n')).toMatch(said);
  });

  it('with a panel whose place is no number, or of a kind without types, it is none', () => {
    const [panel] = board.panels.filter(({ type }) => type === 'timeseries');
    expect(faultsOf({ panels: [{ ...panel!, gridPos: { x: 'left', y: 0, w: 1, h: 1 } } as never] })).not.toEqual([]);
    expect(faultsOf({ panels: [{ ...panel!, type: 'a-plugin' }] })).not.toEqual([]);
  });

  it.skipIf(!existsSync(PROMTOOL))('asks in PromQL that Prometheus takes', () => {
    const given = (expr: string): string => expr.replaceAll('$scope', '.*').replaceAll('$__rate_interval', '5m');
    const rules = (exprs: readonly string[]): string =>
      JSON.stringify({
        groups: [{ name: 'board', rules: exprs.map((expr, at) => ({ record: `panel:${at}`, expr: given(expr) })) }],
      });
    const check = (exprs: readonly string[]): number | null => {
      writeFileSync(join(folder, 'rules.yml'), rules(exprs));
      return spawnSync(PROMTOOL, ['check', 'rules', join(folder, 'rules.yml')]).status;
    };
    const all = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(all.length).toBeGreaterThan(20);
    expect(check(all)).toBe(0);
    expect(check([`${all[0] ?? ''} by`])).not.toBe(0);
  });
});
