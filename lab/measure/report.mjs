// docs/measurements.md, made from the recorded runs.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternativesSection, ALTERNATIVE } from './alternatives-section.mjs';
import { execFileSync } from 'node:child_process';
import { summary } from './bounds.mjs';
import { groupedBy, median } from './figures.mjs';
import { joined, keptIn } from './kept.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { benignSection, failures, section } from './sections.mjs';

const METHOD = `## Method

- A real cluster in Docker: three etcd, three members (PostgreSQL under Patroni), HAProxy with \`inter 3s fall 3 rise 2\`; ttl 30, loop_wait 10,
  retry_timeout 10. \`fsync\` is off. \`lab/up\` brings it up; \`lab/fault\` and \`lab/heal\` do and undo the faults.
- A client writes through HAProxy port 5000: one connection at a time, single-row INSERTs in autocommit, some 50 a second, connect timeout 1 s, query
  timeout 2 s, a new connection 15 ms after the old one failed. It remembers every row that was acknowledged, when, by which member, and the
  position in the WAL.
- **Outage**: the longest time in seconds between two consecutive acknowledgements around the fault. Where a query hangs on a dead member it ends
  2 s after the fault at the earliest.
- **Lost**: acknowledged rows that are not there when the cluster is whole again. **Never sent**: written before another member took the leader
  key, past the position at which the successor's timeline begins: no replica that could be elected had them, which asynchronous replication allows.
  **Otherwise**: thrown away although they had been replicated, or taken by a second primary.
- **Two primaries**: time in which two members said of themselves, over their own sockets, that they accept writes.
- A fault strikes 5 to 15 s after the writer began (with Ekimi, 12 to 22 s), at a random point of Patroni's period. A run ends when writes have
  flowed for 10 s and all three members are healthy and HAProxy knows it.
- Stock and Ekimi take turns on the same lab. Each run with Ekimi has a fresh daemon past its start grace with an empty ledger, in \`enforce\`, with every
  action on \`auto\` but those that destroy a copy of the data, a start or restart given a minute to show its effect. **Requests** are the intents in its journal that were really sent.
- Where the controller starts a killed member itself it is given 75 s to do so, and "cluster whole" is the median of those runs; else the tool starts
  it when writes have flowed again for 5 s (as for stock, after 1 s).
- Where a person has to agree, the tool runs \`ekimi approve\` as soon as Ekimi asks.
- Benign episodes follow each other under one daemon and one writer; an episode ends when the cluster is whole again.
- What earlier builds showed stands below what was measured since, as it was written.
- **Bounds** are what is promised of a fault with Ekimi (\`lab/measure/bounds.mjs\`); a run that does not end misses them. The command prints each row as met
  or missed and exits 1 if one that it has measured is missed; with \`--report\`, if any on this page is.
- **Build** is the commit that Ekimi was built of (\`+\`: of a tree with changes to it), **load** the median load average (one minute) when the runs of the row
  began. Runs of one build are never put together with those of another: what several builds measured is in several rows.`;

const KEPT = join(dirname(fileURLToPath(import.meta.url)), 'kept.md');

/**
 * Writes the page, and judges the rows that it is asked to by their bounds.
 * @param {{ folder: string, file: string, session: string | null }} places `session`: judge its rows alone; null: all
 * @returns {{ lines: readonly string[], isMet: boolean }}
 */
export function report({ folder, file, session }) {
  const rows = recordedIn(folder);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, page(rows));
  const ours = rows.filter((row) => row.scenario !== ALTERNATIVE);
  return summary(ours.filter((row) => session === null || row.session === session));
}

function recordedIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
}

function page(all) {
  const order = Object.keys(SCENARIOS);
  const rows = all.filter((row) => row.scenario !== ALTERNATIVE);
  const faults = rows.filter((row) => !SCENARIOS[row.scenario].benign);
  const benign = rows.filter((row) => SCENARIOS[row.scenario].benign);
  const kept = keptIn(readFileSync(KEPT, 'utf8'));
  const { 'Machine and versions': earlier = [], ...sections } = kept;
  const fresh = [
    ...[...groupedBy(faults, (row) => `${row.scenario} ${row.sync}`).values()].map(section),
    benignSection(benign),
  ];
  const others = all.filter((row) => row.scenario === ALTERNATIVE);
  return [
    '# Measurements: leader faults on a real cluster',
    '',
    'Made by `npm run lab:measure`, of its own recorded runs (`lab/measure/recorded`) and of what earlier ones showed (`lab/measure/kept.md`); not edited by hand.',
    '',
    METHOD,
    '',
    '## Machine and versions',
    '',
    ...(rows.length === 0 ? [] : [...machine(rows), '']),
    ...(earlier.length === 0 ? [] : ['Earlier, and by hand:', '', ...earlier, '']),
    '## Results',
    '',
    ...joined(fresh, sections, order),
    ...alternativesSection(others, faults),
    ...failures(rows),
    '## To repeat',
    '',
    '```console',
    '$ npm ci && npm run build',
    '$ npm run lab:measure -- --suite all --patroni 3.0,4.1 --at-once',
    '$ npm run lab:beside -- --runs 5',
    '```',
    '',
    'One fault: `npm run lab:measure -- --patroni 4.1 --scenario kill-leader --runs 20 --stock-runs 5`; all options: `--help`.',
    '',
  ].join('\n');
}

function machine(rows) {
  const days = [...new Set(rows.map((row) => row.startedAt.slice(0, 10)))].sort();
  const commits = [...new Set(rows.filter((row) => row.with === 'ekimi').map((row) => row.commit))];
  const docker = text('docker', ['version', '--format', '{{.Server.Version}}']);
  return [
    `- ${days[0] ?? '-'}${days.length > 1 ? ` to ${days.at(-1)}` : ''}; ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ` +
      `${Math.round(totalmem() / 2 ** 30)} GB`,
    ...load(rows),
    `- Node ${process.versions.node}, Docker Engine ${docker}${versionsIn(rows)}`,
    ...(commits.length === 0 ? [] : [builds(commits)]),
  ];
}

const builds = (commits) =>
  commits.length === 1
    ? `- One build of Ekimi, of commit ${commits[0]}`
    : `- ${commits.length} builds of Ekimi, of commits ${commits.join(', ')}: which one, each row says`;

function load(rows) {
  const loads = rows.flatMap((row) => row.load ?? []);
  if (loads.length === 0) return [];
  const both = rows.some((row) => row.atOnce)
    ? '; versions were measured at the same time, each on a lab of its own'
    : '';
  return [
    `- Load average (one minute) when a run began: median ${median(loads).toFixed(1)}, most ${Math.max(...loads).toFixed(1)}; the lab and the tool themselves are in it${both}`,
  ];
}

function versionsIn(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.versions ?? {})))];
  const seen = (name) => [...new Set(rows.flatMap((row) => row.versions?.[name] ?? []))].sort().join(' and ');
  return names.map((name) => `, ${name} ${seen(name)}`).join('');
}

function text(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
