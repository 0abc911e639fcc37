import { DAMAGE_ROWS } from '../../model/damage-words.js';
import { MOST_FINDINGS, type CheckFinding, type CheckReport } from '../../model/data-check.js';
import { safeLogLine } from '../../model/log-line.js';

/** What `pg_amcheck` prints of one relation: its name, and below it what is wrong there. [pg_amcheck.c, verify_heap_slot_handler, verify_btree_slot_handler] */
const OBJECT =
  /^(heap table|btree index) "([^"]+(?:""[^"]*)*)"(?:, block (\d+))?(?:, offset \d+)?(?:, attribute \d+)?:$/;

/** What amcheck says of an index that is wrong. [verify_nbtree.c] */
const BAD_INDEX =
  /invariant violated|lacks matching index tuple|corrupt|unexpected|inconsistent|misplaced|circular|not consistent|down-?link|mismatch|invalid|not a btree|contains|could not find/;

/** Errors that say nothing of the data, and what to do. First that fits; the last fits all. */
const GAPS: readonly (readonly [says: RegExp, gap: string])[] = [
  [
    /permission denied/,
    'the role may not check: GRANT EXECUTE ON FUNCTION of amcheck (verify_heapam, bt_index_check) to it in each database',
  ],
  [/statement timeout/, 'a relation took longer than postgres.check.statementTimeout'],
  [
    /conflict with recovery/,
    'a check of a relation stood in the way of replay and was ended; check again at a quiet time',
  ],
  [/lock timeout/, 'a relation was locked for longer than 5 s; check again'],
];

const gapOf = (text: string): string =>
  GAPS.find(([says]) => says.test(text))?.[1] ?? `not checked: ${safeLogLine(text)}`;

interface Block {
  readonly what: CheckFinding['what'];
  readonly relation: string;
  readonly block: string | null;
  readonly text: string;
}

/** The first line below each name. */
function blocksIn(stdout: string): readonly Block[] {
  const lines = stdout.split('\n');
  return lines.flatMap((line, at): readonly Block[] => {
    const found = OBJECT.exec(line);
    const text = lines[at + 1]?.trim() ?? '';
    if (found === null || text === '') return [];
    const [, kind, relation = '', block] = found;
    return [{ what: kind === 'heap table' ? 'table' : 'index', relation, block: block ?? null, text }];
  });
}

const KNOWN = /^(?:ERROR|FEHLER|ERREUR):\s+/;

/** A row of the table of damage, the words of amcheck of an index, or what `verify_heapam` reports without an error; null: it is no damage. */
function findingOf({ what, relation, block, text }: Block): CheckFinding | null {
  const finding = { relation, what, block, text: safeLogLine(text) };
  // A row of `verify_heapam` names its block. What names none is an error: a connection that was ended (FATAL), or one in another language.
  if (!KNOWN.test(text)) return block === null ? null : finding;
  if (GAPS.some(([says]) => says.test(text))) return null;
  const message = text.replace(KNOWN, '');
  const row = DAMAGE_ROWS.map((one) => one.message.exec(message)).find((found) => found !== null);
  if (row != null) return { ...finding, block: block ?? row.groups?.['block'] ?? null };
  return what === 'index' && BAD_INDEX.test(message) ? finding : null;
}

/** What it says of itself and not of a relation. */
function ownGaps(stderr: string): readonly string[] {
  return stderr.split('\n').flatMap((line): readonly string[] => {
    const skipped = /skipping database "(.+)": amcheck is not installed/.exec(line);
    // Nobody's data: what new databases are copied from.
    if (skipped?.[1] === 'template1') return [];
    if (skipped !== null)
      return [`database ${skipped[1] ?? ''} was not checked: CREATE EXTENSION amcheck on the leader, in that database`];
    const error = /^pg_amcheck: error: (.+)$/.exec(line);
    if (error === null || /no relations to check/.test(line)) return [];
    return [
      /permission denied|statement timeout/.test(line) ? gapOf(line) : `pg_amcheck: ${safeLogLine(error[1] ?? '')}`,
    ];
  });
}

/** `code` null: it did not come to its end, which is a gap that whoever ended it names. */
export function readCheck(code: number | null, stdout: string, stderr: string): CheckReport {
  const blocks = blocksIn(stdout);
  const findings = new Map<string, CheckFinding>();
  const gaps = new Set(ownGaps(stderr));
  for (const block of blocks) {
    const finding = findingOf(block);
    if (finding === null) gaps.add(gapOf(block.text));
    else if (!findings.has(finding.relation)) findings.set(finding.relation, finding);
  }
  if (code !== null && code !== 0 && findings.size === 0 && gaps.size === 0)
    gaps.add(`pg_amcheck ended with ${code} and named nothing: ${safeLogLine(stderr.split('\n')[0] ?? '')}`);
  return {
    findings: [...findings.values()].slice(0, MOST_FINDINGS),
    found: findings.size,
    gaps: [...gaps].slice(0, MOST_FINDINGS),
  };
}
