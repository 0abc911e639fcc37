import type { DamageLog, DamageSign } from '../model/damage.js';
import { DAMAGE_ROWS } from '../model/damage-words.js';
import { safeLogLine } from '../model/log-line.js';

/** More of a line is somebody's query. */
const MAX_READ = 600;
/** More places than these make nobody wiser, and each is kept with every pass. */
const MOST_SIGNS = 8;

/** `data_corrupted`, `index_corrupted`: by `%e` in `log_line_prefix`, in every language. */
const CODE = /\bXX00[12]\b/;
/** PostgreSQL's severities as its log has them, in the languages of `log-words.ts`. */
const SEVERITY =
  /\b(?:WARNING|WARNUNG|ATTENTION|ERROR|FEHLER|ERREUR|ERRORE|FATAL|FATALE|PANIC|PANIK|LOG|LOGBUCH)\s*:\s+|(?:ПРЕДУПРЕЖДЕНИЕ|ОШИБКА|ВАЖНО|ПАНИКА)\s*:\s+/;
/** An error that a session was handed by another server, or that a statement raised itself: it tells of no page here. */
const OF_OTHERS = /remote SQL command|dblink connection|\bat RAISE\b/;
/** Lines that belong to the message above them. */
const BELONGS = /^\t|\b(?:DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT|KONTEXT|CONTEXTE)\s*:\s/;
const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(UTC|GMT|Z)|([+-]\d\d)(?::?(\d\d))?)(?=\s|$)/;

/** When the line says that it was written, where it says so in UTC or with an offset. */
function timeOf(line: string): number | null {
  const found = TIME.exec(line);
  if (found === null) return null;
  const [, day, time, utc, hours, minutes] = found;
  const atMs = Date.parse(`${day}T${time}${utc === undefined ? `${hours}:${minutes ?? '00'}` : 'Z'}`);
  return Number.isNaN(atMs) ? null : atMs;
}

/**
 * The line as a sign of damage; null: it is none. It has a prefix (`log_line_prefix`) before its severity: without one it is what a client printed
 * there, pg_basebackup for one, of the server that it copies.
 */
export function damageIn(line: string): DamageSign | null {
  const text = line.slice(0, MAX_READ).trimEnd();
  const severity = SEVERITY.exec(text);
  if (severity === null || severity.index === 0 || BELONGS.test(text.slice(0, severity.index))) return null;
  const prefix = text.slice(0, severity.index);
  const message = text.slice(severity.index + severity[0].length);
  const sign = { text: safeLogLine(text.trim()), atMs: timeOf(line) };
  for (const row of DAMAGE_ROWS) {
    const found = row.message.exec(message);
    if (found === null) continue;
    return {
      kind: row.kind,
      relation: found.groups?.['relation'] ?? null,
      block: found.groups?.['block'] ?? null,
      ...sign,
    };
  }
  return CODE.test(prefix) ? { kind: 'coded', relation: null, block: null, ...sign } : null;
}

const keyOf = ({ kind, relation, block }: DamageSign): string => [kind, relation, block].join(' ');

/** What belongs to the message of this line says that it is another server's, or a statement's own. */
function isOfOthers(lines: readonly string[], at: number): boolean {
  for (let next = at + 1; next < lines.length && BELONGS.test(lines[next] ?? ''); next += 1)
    if (OF_OTHERS.test(lines[next] ?? '')) return true;
  return false;
}

/** The end of a log, oldest line first, as what it says of pages that cannot be read. */
export function readDamage(lines: readonly string[]): DamageLog {
  const signs = new Map<string, DamageSign>();
  for (const [at, line] of lines.entries()) {
    const sign = damageIn(line);
    if (sign === null || isOfOthers(lines, at)) continue;
    signs.delete(keyOf(sign));
    signs.set(keyOf(sign), sign);
  }
  return { lines: lines.length, signs: [...signs.values()].slice(-MOST_SIGNS) };
}
