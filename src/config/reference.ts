import { CONFIG_RULES } from './config-rules.js';
import { EKIMI_SCHEMA } from './ekimi-schema.js';
import { POLICY_RULES } from './policy-rules.js';
import { POLICY_SCHEMA } from './policy-schema.js';
import { REQUIRED, type Part, type Shape } from './schema.js';
import { TOGETHER_RULES } from './together.js';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly doc: string;
}

function fallbackText(fallback: unknown): string {
  if (fallback === REQUIRED) return '**required**';
  if (fallback === null || fallback === '') return 'none';
  return `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
}

const KIND_TEXT = { section: '', optional: 'optional section', list: 'list', named: 'sections by name' } as const;

function rowsOf(path: string, part: Part): Row[] {
  if (part.kind === 'key') {
    return [{ path, type: part.format.type, fallback: fallbackText(part.fallback), doc: part.doc }];
  }
  const below = part.kind === 'list' ? `${path}[]` : part.kind === 'named' ? `${path}.NAME` : path;
  const own: Row[] =
    part.doc === ''
      ? []
      : [{ path, type: KIND_TEXT[part.kind], fallback: part.kind === 'section' ? '' : 'none', doc: part.doc }];
  if (part.kind !== 'section' || part.family === null) return [...own, ...rowsIn(part.keys, below)];
  return [...own, ...familyRows(part.keys, below, part.family)];
}

const rowsIn = (shape: Shape, path: string): Row[] =>
  Object.entries(shape).flatMap(([name, part]) => rowsOf(path === '' ? name : `${path}.${name}`, part));

/** Like sections are shown once; defaults that differ among them are listed by name. */
function familyRows(shape: Shape, path: string, label: string): Row[] {
  const members = Object.entries(shape).map(([name, part]) => ({ name, rows: rowsOf(name, part) }));
  return (members[0]?.rows ?? []).map((first, index) => {
    const fallbacks = members.map(({ name, rows }) => [name, rows[index]?.fallback ?? ''] as const);
    const same = fallbacks.every(([, fallback]) => fallback === first.fallback);
    const fallback = same ? first.fallback : fallbacks.map(([name, value]) => `${name} ${value}`).join(', ');
    return { ...first, path: `${path}.${label}${first.path.slice((members[0]?.name ?? '').length)}`, fallback };
  });
}

const table = (rows: readonly Row[]): string =>
  [
    '| key | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ path, type, fallback, doc }) => `| \`${path}\` | ${type} | ${fallback} | ${doc} |`),
  ].join('\n');

const ruleTable = (
  rules: readonly { readonly id: string; readonly severity: string; readonly keys: readonly string[] }[],
) =>
  [
    '| code | severity | keys |',
    '| --- | --- | --- |',
    ...rules.map(
      ({ id, severity, keys }) => `| \`${id}\` | ${severity} | ${keys.map((key) => `\`${key}\``).join(', ')} |`,
    ),
  ].join('\n');

/** The reference page of both files, Markdown, made from the schemas and rule tables that the loader uses. */
export function configReference(): string {
  return `# Configuration reference

Two YAML files, so that infrastructure and policy can have different owners. Generated from the schemas that the loader uses: what is not
here is refused. Unknown keys, duplicate keys, empty values and files that are cut off are errors, with file, line and remedy; a file with
one error changes nothing.

- A duration has a unit: \`500ms\`, \`2s\`, \`5m\`, \`1h\`, \`1h30m\`, \`2d\`. A bare number is refused.
- A size has a unit: \`512KB\`, \`1MB\`, \`2GB\`. Sizes are binary, as PostgreSQL counts: 1MB is 1048576 bytes.
- A secret is never written here. \`passwordEnv\` or \`tokenEnv\` names an environment variable, \`passwordFile\` or \`tokenFile\` a file.
- A relative path starts at the folder of the file that holds it.
- Cron expressions have five fields, and day of month and day of week must both match. A window that would open in the hour which is
  skipped when clocks are set forward opens at the end of that hour; in the hour that comes twice a freeze opens twice, maintenance once.
- Write files by renaming them into place. A block of YAML must end with a newline, so that a cut file is noticed.

## ekimi.yaml

${table(rowsIn(EKIMI_SCHEMA, ''))}

## policy.yaml

${table(rowsIn(POLICY_SCHEMA, ''))}

## Rules between keys

An error refuses the file, a warning is only told. In \`ekimi.yaml\`:

${ruleTable(CONFIG_RULES)}

In \`policy.yaml\`:

${ruleTable(POLICY_RULES)}

Between both files, and against the cluster's own \`ttl\` and \`loop_wait\`:

${ruleTable(TOGETHER_RULES)}
`;
}
