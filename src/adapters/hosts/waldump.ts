import { formatLsn, parseLsn } from '../../model/names.js';
import type { SurplusWal, WalSpan } from '../../model/surplus.js';

/** The script ends all of its programs within 13 s. */
export const WALDUMP_DEADLINE_MS = 14_000;

/** Of a script whose arguments are places of patroni.yml: where the data directory is, and where it says that PostgreSQL's programs are. */
export const FIND_DATA = [
  'of() { sed -n "s/^[[:space:]]*$1:[[:space:]]*//p" "$2" 2>/dev/null | head -n 1 | tr -d "\\"\'"; }',
  'for f in "$@"; do [ -n "$d" ] || d=$(of data_dir "$f"); [ -n "$b" ] || b=$(of bin_dir "$f"); done',
  '[ -n "$d" ] || d=$PGDATA',
];

/** Where programs of version `$v` may be. */
export const programPlaces = (program: string): string =>
  `for p in "$b" "/usr/lib/postgresql/$v/bin" "/usr/pgsql-$v/bin" /usr/local/pgsql/bin "$(dirname "$(command -v ${program})" 2>/dev/null)"; do`;

/** What a program says of itself that is of version `$v`. */
export const OF_VERSION = '*" $v"|*" $v."*|*" $v"[!0-9.]*';

/**
 * Prints what pg_waldump finds from LSN on in the WAL of a member, a marker before each part; arguments are the timeline, the position and places
 * of patroni.yml. It reads and writes nothing. The program is that of the directory's own version, or none: another one misreads. However much
 * WAL there is, little is printed: counts, two commits, the relations that were touched most.
 */
export const WALDUMP_SCRIPT = [
  'tl=$1 from=$2; shift 2; LC_ALL=C TZ=UTC; export LC_ALL TZ; d= b=',
  ...FIND_DATA,
  '[ -n "$d" ] && [ -r "$d/PG_VERSION" ] || { echo "== none"; echo "no data directory can be read"; exit 0; }',
  'v=$(cat "$d/PG_VERSION"); w= c=',
  programPlaces('pg_waldump'),
  '[ -x "$p/pg_waldump" ] && [ -x "$p/pg_controldata" ] || continue',
  `case "$("$p/pg_waldump" --version)" in ${OF_VERSION}) w=$p/pg_waldump c=$p/pg_controldata; break;; esac`,
  'done',
  '[ -n "$w" ] || { echo "== none"; echo "pg_waldump of version $v is not there"; exit 0; }',
  // A program that outlives whoever asked would pile up.
  // For a file that is not there it looks 5 s long before it says so.
  't() { s=$1; shift; if command -v timeout >/dev/null 2>&1; then timeout "$s" "$@"; else "$@"; fi; }',
  'dump() { s=$1; shift; t "$s" "$w" -p "$d/pg_wal" -t "$tl" -s "$from" "$@" 2>&1; }',
  'echo "== control"; t 2 "$c" "$d" 2>/dev/null | sed -n "/^Database system identifier\\|^Latest checkpoint location\\|^Latest checkpoint\'s TimeLineID/p"',
  'echo "== timelines"; ls "$d/pg_wal" | sed -n "s/^\\([0-9A-F]\\{8\\}\\)[0-9A-F]\\{16\\}\\$/\\1/p" | sort -u | head -n 20',
  'r=$(dump 7 --stats=record | head -c 65536); echo "== records"; echo "$r"',
  'case "$r" in *Transaction/COMMIT*) echo "== commits"',
  'dump 2 --rmgr=Transaction | sed -n "s/.* desc: COMMIT.* \\(20[0-9-]* [0-9:.]* UTC\\).*/\\1/p" | sed -n "1p;\\$p"',
  'echo "== relations"; dump 2 | head -c 33554432 | grep -o "rel [0-9]*/[0-9]*/[0-9]*" | sort | uniq -c | sort -rn | head -n 10;; esac',
  'echo "== end"',
].join('\n');

/** Longer than that is no answer of the script. */
const MOST_LINES = 2_000;
/** Kinds of records that change nothing that outlives the transaction which wrote them, or nothing that a client was told. */
const HARMLESS = new Set([
  ...['XLOG', 'Storage', 'CLOG', 'Database', 'Tablespace', 'MultiXact', 'RelMap', 'Standby', 'Heap', 'Heap2', 'Btree'],
  ...['Hash', 'Gin', 'Gist', 'SPGist', 'BRIN', 'Sequence', 'CommitTs', 'Generic'],
]);
const HARMLESS_OF_TRANSACTIONS = new Set(['ABORT', 'ASSIGNMENT', 'INVALIDATION']);
/** How WAL ends where nothing was written any more: a record of no length, or a page that was never written. */
const END_IN_PAGE = /: invalid record length at ([0-9A-F]+\/[0-9A-F]+): (?:wanted|expected at least) 24, got 0$/;
const END_AT_PAGE = /: (?:invalid magic number 0000|unexpected pageaddr [0-9A-F]+\/[0-9A-F]+) in (?:log|WAL) segment /;
/** A page begins with a header, behind which the record is found. */
const HEADER_BYTES = 40;

/** What the script printed, or an operator's own command in the same form; a text: why there is nothing in it. */
export function surplusFrom(text: string, span: WalSpan): SurplusWal | string {
  const parts = partsOf(text);
  if (parts === null) return 'it printed more than the script does';
  const none = parts.get('none');
  if (none !== undefined) return none[0] ?? 'it cannot be read';
  const records = parts.get('records');
  if (records === undefined || !parts.has('end')) return 'it did not come to its end';
  const doubts: string[] = [];
  const kinds = kindsIn(records);
  const between = records.map((line) => /^WAL statistics between (\S+) and (\S+):$/.exec(line)).find((m) => m !== null);
  const to = parseLsn(between?.[2] ?? '');
  if (to === null) doubts.push('where it ends is not told');
  doubts.push(...endDoubts(records, to === null ? null : formatLsn(to)));
  const total = records.map((line) => /^Total\s+(\d+)\s/.exec(line)?.[1]).find((count) => count !== undefined);
  if (total === undefined) doubts.push('its records were not counted');
  doubts.push(...kinds.flatMap(({ kind }) => doubtOf(kind)));
  const sum = kinds.reduce((all, { count }) => all + count, 0);
  if (total !== undefined && Number(total) !== sum) doubts.push(`${total} records, of which ${sum} have a kind`);
  const control = controlOf(parts.get('control') ?? []);
  doubts.push(...controlDoubts(control, span, to), ...timelineDoubts(parts.get('timelines') ?? [], span));
  const times = (parts.get('commits') ?? []).map(timeIn).filter((atMs) => atMs !== null);
  return {
    ...span,
    to: to === null ? null : formatLsn(to),
    records: sum,
    commits: kinds.filter(({ kind }) => /^Transaction\/COMMIT/.test(kind)).reduce((all, { count }) => all + count, 0),
    firstMs: times.length === 0 ? null : Math.min(...times),
    lastMs: times.length === 0 ? null : Math.max(...times),
    relations: (parts.get('relations') ?? []).flatMap(relationIn),
    systemIdentifier: control.systemIdentifier,
    doubts,
  };
}

function partsOf(text: string): ReadonlyMap<string, readonly string[]> | null {
  const parts = new Map<string, string[]>();
  const lines = text.split('\n');
  if (lines.length > MOST_LINES) return null;
  let part: string[] = [];
  for (const line of lines.map((one) => one.slice(0, 1_000).trimEnd())) {
    const marker = /^== ([a-z]+)$/.exec(line)?.[1];
    if (marker === undefined) part.push(line);
    else parts.set(marker, (part = []));
  }
  return parts;
}

interface Kind {
  readonly kind: string;
  readonly count: number;
}

/** Rows of `--stats=record`: a kind, how many, their share, three sizes with theirs. */
const kindsIn = (lines: readonly string[]): readonly Kind[] =>
  lines.flatMap((line) => {
    const [, kind, count] = /^(\S+\/.*?)\s+(\d+)\s+\(\s*[\d.]+\)\s+\d+ /.exec(line) ?? [];
    return kind === undefined ? [] : [{ kind, count: Number(count) }];
  });

function doubtOf(kind: string): readonly string[] {
  const [manager, what] = [kind.slice(0, kind.indexOf('/')), kind.slice(kind.indexOf('/') + 1)];
  if (manager === 'Transaction')
    return what === 'COMMIT' || HARMLESS_OF_TRANSACTIONS.has(what)
      ? []
      : [`prepared transactions or what is not known (${kind})`];
  return HARMLESS.has(manager) ? [] : [`records of a kind that is not known here (${kind})`];
}

/** It must end as WAL does, and be read without a gap from the very position on. */
function endDoubts(lines: readonly string[], to: string | null): readonly string[] {
  const said = lines.filter((line) => line.startsWith('pg_waldump:'));
  const skipped = said.map((line) => /skipping over (\d+) bytes?$/.exec(line)?.[1]).find((n) => n !== undefined);
  const errors = said.filter((line) => /^pg_waldump: (?:error|fatal): /.test(line));
  const [error] = errors;
  const at = error === undefined ? null : parseLsn(END_IN_PAGE.exec(error)?.[1] ?? '');
  const isEnd =
    error !== undefined && errors.length === 1 && (END_AT_PAGE.test(error) || (at !== null && formatLsn(at) === to));
  return [
    ...(skipped !== undefined && Number(skipped) > HEADER_BYTES ? [`its first ${skipped} bytes were skipped`] : []),
    ...(isEnd ? [] : [error === undefined ? 'it was cut off' : error.replace(/^pg_waldump: (?:error|fatal): /, '')]),
  ];
}

interface Control {
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly checkpoint: string | null;
}

function controlOf(lines: readonly string[]): Control {
  const valueOf = (key: string): string | null =>
    lines
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim() ?? null;
  const timeline = valueOf("Latest checkpoint's TimeLineID");
  return {
    systemIdentifier: valueOf('Database system identifier'),
    timeline: timeline === null || !/^\d+$/.test(timeline) ? null : Number(timeline),
    checkpoint: valueOf('Latest checkpoint location'),
  };
}

function controlDoubts(control: Control, span: WalSpan, to: bigint | null): readonly string[] {
  const checkpoint = control.checkpoint === null ? null : parseLsn(control.checkpoint);
  if (control.timeline === null || checkpoint === null) return ['its control file could not be read'];
  if (control.timeline !== span.timeline)
    return [`its last checkpoint is on timeline ${control.timeline}, not ${span.timeline}`];
  return to !== null && checkpoint > to ? ['its last checkpoint lies behind the end that was found'] : [];
}

/** Segments of a later timeline: it may have led there unseen. */
function timelineDoubts(lines: readonly string[], { timeline }: WalSpan): readonly string[] {
  const numbers = lines.filter((line) => /^[0-9A-F]{8}$/.test(line)).map((line) => parseInt(line, 16));
  if (numbers.length === 0) return ['its pg_wal could not be listed'];
  const later = numbers.filter((one) => one > timeline);
  return later.length === 0 ? [] : [`it has WAL of timeline ${later.join(', ')} too`];
}

function timeIn(line: string): number | null {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d* UTC$/.exec(line) ?? [];
  const atMs = day === undefined || time === undefined ? NaN : Date.parse(`${day}T${time}Z`);
  return Number.isNaN(atMs) ? null : atMs;
}

function relationIn(line: string): SurplusWal['relations'] {
  const [, records, relation] = /^\s*(\d{1,12}) rel (\d+\/\d+\/\d+)$/.exec(line) ?? [];
  return relation === undefined ? [] : [{ relation, records: Number(records) }];
}
