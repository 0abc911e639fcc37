import type { Line } from './narrate.js';

/** What is told, and how many lines said nothing new. */
interface Once {
  readonly lines: readonly Line[];
  readonly leftOut: number;
}

/** Two clauses that differ in this alone say the same again: amounts, times and ages go on while nothing else does. */
const FIGURES = /\d[\d.:,TZ-]*(?: (?:B|KiB|MiB|GiB|TiB|ms|s|min|h|d)\b)?/g;
const WAITING = /^waiting on (.*?): (.*)$/;
const PERSON = /^a person must act on (.*)$/;

/**
 * A story without what it has said before: a request and its answer are one line, and of a pass only what is new is told. Of those that wait
 * together only the ones that did not wait for this just before.
 */
export function toldOnce(lines: readonly Line[]): Once {
  const standing = new Map<string, string>();
  const found: Line[] = [];
  let leftOut = 0;
  for (const line of lines) {
    const last = found.at(-1);
    if (line.kind === 'outcome' && last?.kind === 'intent') {
      found[found.length - 1] = { ...last, kind: 'outcome', tone: line.tone, text: `${last.text}: ${line.text}` };
      continue;
    }
    const text = line.kind === 'pass' ? newIn(line.text, standing) : line.text;
    if (text === '') leftOut += 1;
    else found.push({ ...line, text });
  }
  return { lines: found, leftOut };
}

/** What of the text of a pass is new; empty: nothing. `standing`: what was said last of each subject. */
function newIn(text: string, standing: Map<string, string>): string {
  const isNew = (subject: string, said: string): boolean => {
    const key = said.replace(FIGURES, '#');
    if (standing.get(subject) === key) return false;
    standing.set(subject, key);
    return true;
  };
  const clauses = text.split('; ');
  const first = clauses.findIndex((clause) => WAITING.test(clause) || PERSON.test(clause));
  // What is done or held stands before, with evidence that is cut at the same mark.
  const done = clauses.slice(0, first < 0 ? clauses.length : first).join('; ');
  const rest = clauses.slice(first < 0 ? clauses.length : first).flatMap((clause) => {
    const [, subjects, why] = WAITING.exec(clause) ?? [];
    const [, asked] = PERSON.exec(clause) ?? [];
    const fresh = (subjects ?? asked ?? '')
      .split(subjects === undefined ? ' and ' : ', ')
      .filter((subject) => isNew(subject, why ?? 'a person'));
    if (fresh.length === 0) return [];
    if (subjects === undefined) return [`a person must act on ${fresh.join(' and ')}`];
    return [`waiting on ${fresh.join(', ')}: ${why ?? ''}`];
  });
  return [...(done !== '' && isNew('', done) ? [done] : []), ...rest].join('; ');
}
