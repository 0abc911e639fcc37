import { actionNamed } from '../actions/index.js';
import type { ForeignRow } from '../model/foreign.js';
import { partsOf, withForeignParts, wordForWord } from './codec-parts.js';
import { fromJson, toJson } from '../model/json.js';
import { EMPTY_LEDGER, type Approval, type Ending, type Ledger, type Remediation } from '../model/ledger.js';

type Fields = Readonly<Record<string, unknown>>;

const PHASES = ['planned', 'sending', 'verifying', 'succeeded', 'ineffective', 'failed', 'unknown', 'abandoned'];
const ENDED = ['succeeded', 'ineffective', 'failed', 'abandoned'];
const APPROVAL_STATES = ['waiting', 'approved', 'rejected', 'expired', 'used'];

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export function isPlan(value: unknown): boolean {
  if (!isFields(value) || !isFields(value['because']) || !isFields(value['params'])) return false;
  if (!isText(value['action']) || !isText(value['target'])) return false;
  // What another version bound differently is nothing that this one could go on with.
  return actionNamed(value['action'])?.params.safeParse(value['params']).success === true;
}

export const isRemediation = (row: unknown): row is Remediation & Fields =>
  isFields(row) &&
  isText(row['id']) &&
  isPlan(row['plan']) &&
  PHASES.some((phase) => phase === row['phase']) &&
  ['stepIndex', 'createdAtMs', 'deadlineMs'].every((name) => isNumber(row[name])) &&
  ['sentAtMs', 'endedAtMs', 'steps'].every((name) => row[name] == null || isNumber(row[name])) &&
  (row['lastReply'] == null || (isFields(row['lastReply']) && isText(row['lastReply']['effect']))) &&
  isText(row['detail']);

/** Absent in an older version's: that is no loss that it could have been asked for. */
const isAgreedLoss = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (isFields(value) && ['bytes', 'seconds'].every((name) => value[name] === null || isNumber(value[name])));

/** Absent: nobody has agreed yet, or one person is enough. */
const isFirst = (value: unknown): boolean => value === undefined || (isFields(value) && isText(value['by']));

export const isApproval = (row: unknown): row is Approval & Fields =>
  isFields(row) &&
  isText(row['id']) &&
  isText(row['fingerprint']) &&
  isPlan(row['plan']) &&
  APPROVAL_STATES.some((state) => state === row['state']) &&
  isAgreedLoss(row['loss']) &&
  isFirst(row['first']) &&
  isNumber(row['requestedAtMs']) &&
  isNumber(row['expiresAtMs']);

/** Version 0.1.0 kept the code in the sentence, at its beginning. */
const IN_WORDS: readonly (readonly [RegExp, Ending])[] = [
  [/^scheduled: .* is to lead from /, 'scheduled'],
  [/^overridden/, 'overridden'],
  [/^forgotten/, 'forgotten'],
  [/^the copy of \S+ failed/, 'copy-failed'],
];

function withEnding(row: Remediation): Remediation {
  if (row.ending !== undefined || row.endedAtMs === null) return row;
  const told = IN_WORDS.find(([words]) => words.test(row.detail));
  return told === undefined ? row : { ...row, ending: told[1] };
}

function foreignOf(list: ForeignRow['list'], value: unknown): ForeignRow {
  const row = isFields(value) ? value : { row: value };
  const plan = isFields(row['plan']) ? row['plan'] : {};
  const text = (from: unknown): string => (isText(from) ? from : 'unknown');
  const since = row['createdAtMs'] ?? row['requestedAtMs'];
  const ended = isNumber(row['endedAtMs']) || ENDED.some((phase) => phase === row['phase']);
  return {
    list,
    id: text(row['id']),
    action: text(plan['action']),
    target: text(plan['target']),
    inFlight: list === 'remediations' && !ended,
    createdAtMs: isNumber(since) ? since : null,
    row,
    ...(isFields(value) ? {} : { raw: value }),
  };
}

/**
 * The ledger in a text that `ledgerText` wrote, in this version or another one; null when it is no ledger. Rows that this version cannot
 * read are set apart in `foreign`; unknown fields of the document stay where they are. Throws SyntaxError for text that is not JSON.
 */
export function ledgerFrom(text: string): Ledger | null {
  const parsed = fromJson(text);
  if (!isFields(parsed)) return null;
  const lists = ['remediations', 'switches'].every((name) => Array.isArray(parsed[name]));
  if (!lists) return null;
  const { own: document, foreign: parts } = partsOf(parsed);
  const { remediations, approvals = [] } = document;
  if (!Array.isArray(remediations) || !Array.isArray(approvals)) return null;
  const foreign = [
    ...parts,
    ...remediations.filter((row) => !isRemediation(row)).map((row) => foreignOf('remediations', row)),
    ...approvals.filter((row) => !isApproval(row)).map((row) => foreignOf('approvals', row)),
  ];
  return {
    ...EMPTY_LEDGER,
    ...(document as Partial<Ledger>),
    remediations: remediations.filter(isRemediation).map(withEnding),
    approvals: approvals.filter(isApproval),
    ...(foreign.length === 0 ? {} : { foreign }),
  };
}

/** As the ledger lies in etcd and on the disk: what another version wrote is where it was, word for word. */
export function ledgerText(ledger: Ledger): string {
  const { foreign = [], ...own } = ledger;
  const rows = (list: ForeignRow['list']): readonly unknown[] =>
    foreign.filter((row) => row.list === list).map(wordForWord);
  return toJson({
    ...withForeignParts(own, foreign),
    remediations: [...own.remediations, ...rows('remediations')],
    approvals: [...own.approvals, ...rows('approvals')],
  });
}
