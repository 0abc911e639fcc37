// docs/measurements.md, made from the recorded runs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { groupedBy, median } from './figures.mjs';
import { SCENARIOS } from './scenarios.mjs';

const METHOD = `## Method
- A real cluster in Docker: three etcd, three members (PostgreSQL 15 under Patroni), HAProxy with \`inter 3s fall 3 rise 2\`; ttl 30, loop_wait 10,
  retry_timeout 10. \`fsync\` is off. \`lab/up\` brings it up; \`lab/fault\` and \`lab/heal\` do and undo the faults.
- A client writes through HAProxy port 5000: one connection at a time, single-row INSERTs in autocommit, some 50 a second, connect timeout 1 s, query
  timeout 2 s, a new connection 15 ms after the old one failed. It remembers every row that was acknowledged, when, and by which member.
- **Outage**: the longest time between two consecutive acknowledgements around the fault. **Lost**: acknowledged rows that are not there when
  the cluster is whole again. **Two primaries**: time in which two members said of themselves, over their own sockets, that they accept writes.
- A fault strikes 5 to 15 s after the writer began, at a random point of Patroni's period. A run ends when writes have flowed for 10 s and all three
  members are healthy and HAProxy knows it.
- Stock and Ekimi take turns on the same lab. Each run with Ekimi has a fresh daemon past its start grace with an empty ledger, in \`enforce\`, with every
  action on \`auto\` but those that destroy a copy of the data. **Requests** are the intents in its journal that were really sent.
- Where the controller starts a killed member itself it is given 75 s to do so; else the tool does, as for stock.`;

/** @param {{ folder: string, file: string }} places */
export function report({ folder, file }) {
  const rows = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, page(rows));
}

function page(rows) {
  const faults = rows.filter((row) => !SCENARIOS[row.scenario].benign);
  const benign = rows.filter((row) => SCENARIOS[row.scenario].benign);
  return [
    '# Measurements: leader faults on a real cluster',
    '',
    'Made by `npm run lab:measure` from its own recorded runs; not edited by hand.',
    '',
    METHOD,
    '',
    '## Machine and versions',
    ...machine(rows),
    '',
    '## Results',
    '',
    ...[...groupedBy(faults, scenarioKey).values()].flatMap(section),
    ...(benign.length === 0 ? [] : benignSection(benign)),
    ...failures(rows),
    '## To repeat',
    '```sh',
    'npm ci && npm run build',
    ...commands(rows),
    '```',
    '',
  ].join('\n');
}

function machine(rows) {
  const days = [...new Set(rows.map((row) => row.startedAt.slice(0, 10)))].sort();
  const commits = [...new Set(rows.filter((row) => row.with === 'ekimi').map((row) => row.commit))];
  const docker = text('docker', ['version', '--format', '{{.Server.Version}}']);
  return [
    `- ${days[0] ?? '-'}${days.length > 1 ? ` to ${days.at(-1)}` : ''}; ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ` +
      `${Math.round(totalmem() / 2 ** 30)} GB, shared with other work: expect noise of some hundred milliseconds`,
    `- Node ${process.versions.node}, Docker Engine ${docker}${versionsIn(rows)}`,
    ...(commits.length === 0 ? [] : [`- Ekimi at commit ${commits.join(', ')}`]),
  ];
}

function versionsIn(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.versions ?? {})))];
  const seen = (name) => [...new Set(rows.flatMap((row) => row.versions?.[name] ?? []))].sort().join(' and ');
  return names.map((name) => `, ${name} ${seen(name)}`).join('');
}

function section(rows) {
  const [{ scenario, sync }] = rows;
  const head = [
    'Patroni',
    'with',
    'runs',
    'outage median',
    'least',
    'worst',
    'lost rows',
    'of acknowledged',
    'two primaries',
    'requests a run',
  ];
  const groups = [...groupedBy(rows, (row) => `${row.patroni} ${row.with}`).values()].sort(byVersionAndMode);
  return [
    `### ${scenario}${sync ? ', synchronous mode' : ''}`,
    `${capital(SCENARIOS[scenario].what)}.`,
    '',
    ...table(head, groups.map(resultCells)),
    '',
    ...whereTimeGoes(groups),
  ];
}

function resultCells(all) {
  const rows = all.filter((row) => row.error === undefined);
  const outages = rows.map((row) => row.outageMs);
  const worstTwo = Math.max(0, ...rows.map((row) => row.twoPrimariesMs));
  return [
    all[0].patroni,
    all[0].with,
    rows.length === all.length ? `${rows.length}` : `${rows.length} (+${all.length - rows.length} failed)`,
    seconds(median(outages)),
    seconds(least(outages)),
    seconds(most(outages)),
    `${sum(rows.map((row) => row.lost))}`,
    `${sum(rows.map((row) => row.acks))}`,
    worstTwo === 0 ? 'never' : `up to ${seconds(worstTwo)}`,
    requestRange(rows),
  ];
}

const MARKS = [
  ['dockerDieMs', 'container dead'],
  ['actMs', 'Ekimi decided'],
  ['firstRequestMs', 'first request'],
  ['keyDeletedMs', 'leader key gone'],
  ['keyNewMs', 'key of the new leader'],
  ['primary200Ms', '/primary 200'],
  ['proxyUpMs', 'proxy up'],
  ['firstAckMs', 'first write'],
  ['wholeMs', 'cluster whole'],
];

function whereTimeGoes(groups) {
  const cells = groups.map((all) => {
    const rows = all.filter((row) => row.error === undefined);
    const at = (mark) => median(rows.map((row) => row.after[mark]).filter((ms) => ms !== null && ms !== undefined));
    return [all[0].patroni, all[0].with, ...MARKS.map(([mark]) => seconds(at(mark)))];
  });
  return [
    'Seconds after the fault, medians:',
    '',
    ...table(['Patroni', 'with', ...MARKS.map(([, name]) => name)], cells),
    '',
  ];
}

function benignSection(rows) {
  const groups = [...groupedBy(rows, (row) => `${row.scenario} ${row.patroni} ${row.with} ${row.sync}`).values()];
  const cells = groups.map((all) => {
    const ran = all.filter((row) => row.error === undefined);
    const [{ scenario, patroni, sync }] = all;
    return [
      `${SCENARIOS[scenario].what}${sync ? ' (synchronous mode)' : ''}`,
      patroni,
      all[0].with,
      ran.length === all.length ? `${ran.length}` : `${ran.length} (+${all.length - ran.length} failed)`,
      seconds(most(ran.map((row) => row.outageMs))),
      `${sum(ran.map((row) => row.lost))}`,
      all[0].with === 'stock' ? '-' : requestsByAction(ran),
    ];
  });
  return [
    '### Where nothing should be done',
    'Expected: no request at all.',
    '',
    ...table(['what', 'Patroni', 'with', 'runs', 'worst outage', 'lost rows', 'requests'], cells),
    '',
  ];
}

function failures(rows) {
  const failed = rows.filter((row) => row.error !== undefined);
  if (failed.length === 0) return [];
  return ['### Runs that did not end', ...failed.map((row) => `- ${row.id}: ${row.error.slice(0, 300)}`), ''];
}

function commands(rows) {
  const groups = groupedBy(rows, (row) => `${row.scenario} ${row.sync}`);
  const lines = [...groups.values()].map((group) => {
    const all = (pick) => [...new Set(group.map(pick))].sort();
    const modes = all((row) => row.with).reverse();
    const runsOf = (mode) => {
      const versions = groupedBy(group, (row) => (row.with === mode ? row.patroni : ''));
      return Math.max(0, ...[...versions].map(([version, part]) => (version === '' ? 0 : part.length)));
    };
    const runs = runsOf(modes.at(-1) === 'stock' ? 'stock' : 'ekimi');
    const stockRuns = modes.length === 2 && runsOf('stock') !== runs ? ` --stock-runs ${runsOf('stock')}` : '';
    return {
      scenario: group[0].scenario,
      line: `--patroni ${all((row) => row.patroni).join(',')} --with ${modes.join(',')} --runs ${runs}${stockRuns}${group[0].sync ? ' --sync' : ''}`,
    };
  });
  return [...groupedBy(lines, ({ line }) => line).values()].map(
    (same) => `npm run lab:measure -- ${same[0].line} --scenario ${same.map(({ scenario }) => scenario).join(',')}`,
  );
}

const scenarioKey = (row) => `${row.scenario} ${row.sync}`;
const sum = (values) => values.reduce((total, value) => total + value, 0);
const least = (values) => (values.length === 0 ? null : Math.min(...values));
const most = (values) => (values.length === 0 ? null : Math.max(...values));
const seconds = (ms) => (ms === null || ms === undefined ? '-' : `${(ms / 1000).toFixed(1)}`);
const capital = (words) => words[0].toUpperCase() + words.slice(1);
const byVersionAndMode = ([a], [b]) => a.patroni.localeCompare(b.patroni) || b.with.localeCompare(a.with);

function requestRange(rows) {
  if (rows[0]?.with !== 'ekimi') return '-';
  const counts = rows.map((row) => row.requests.length);
  return least(counts) === most(counts) ? `${least(counts)}` : `${least(counts)} to ${most(counts)}`;
}

function requestsByAction(rows) {
  const requests = rows.flatMap((row) => row.requests);
  const counts = [...groupedBy(requests, (request) => request.action)].map(([name, some]) => `${some.length} ${name}`);
  return counts.length === 0 ? '0' : counts.join(', ');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function text(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
