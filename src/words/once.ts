import type { Line } from './narrate.js';

/** What is told, and how many lines said nothing new. */
interface Once {
  readonly lines: readonly Line[];
  readonly leftOut: number;
}

/** Two clauses that differ in this alone say the same again: amounts, times and ages go on while nothing else does. The digits of a name are none. */
const FIGURES = /(?<![\w-])\d[\d.:,TZ-]*(?: (?:B|KiB|MiB|GiB|TiB|ms|s|min|h|d)\b)?/g;
/** A time of one part says the same as one of two, `58 s` and `1 min 3 s`. */
const SEVERAL = /#(?: #)+/g;
const WAITING = /^waiting on (.*?): (.*)$/;
const PERSON = /^a person must act on (.*)$/;
/** Which gates hold it is what it says; the evidence of the problem goes on beside it, with its log lines and rates. */
const HELD = /^(\S+ \S+) (held by [^:;]+|waits for an approval): /;

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

/** A line that was written again and again: how often, and until when. */
export interface Repeated {
  readonly line: Line;
  /** 1: once. */
  readonly times: number;
  readonly untilMs: number;
  readonly lastSeq: number;
  /** All that it said, in its order: the figures differ. */
  readonly wordings: readonly string[];
}

/**
 * Passes that say the same as the pass before are one line, as it was said last; what stands between them stays. In the order of their last, oldest
 * first.
 */
export function repeatsTogether(lines: readonly Line[]): readonly Repeated[] {
  const found: (Repeated & { readonly wordings: string[] })[] = [];
  let at: number | null = null;
  for (const line of lines) {
    const { kind, text, tone, atMs: untilMs, seq: lastSeq } = line;
    const before = at === null ? undefined : found[at];
    if (kind === 'pass' && at !== null && before?.line.tone === tone && saysTheSame(before.line.text, text)) {
      const { wordings } = before;
      wordings.push(text);
      found[at] = { line: { ...before.line, text }, times: before.times + 1, untilMs, lastSeq, wordings };
    } else {
      found.push({ line, times: 1, untilMs, lastSeq, wordings: [text] });
      if (kind === 'pass') at = found.length - 1;
    }
  }
  return found.sort((a, b) => a.lastSeq - b.lastSeq);
}

/** Those that have said `wanted`, in capitals or not, each as it was said last with that in it: a figure of an hour ago is found too. */
export function saying(rows: readonly Repeated[], wanted: string): readonly Repeated[] {
  const words = wanted.toLowerCase();
  return rows.flatMap((row) => {
    const text = row.wordings.findLast((one) => `${row.line.kind} ${one}`.toLowerCase().includes(words));
    return text === undefined ? [] : [{ ...row, line: { ...row.line, text } }];
  });
}

function saysTheSame(before: string, after: string): boolean {
  const isWithin = (text: string, other: string): boolean => {
    const standing = new Map<string, string>();
    newIn(other, standing);
    return newIn(text, standing) === '';
  };
  return before === after || (isWithin(after, before) && isWithin(before, after));
}

/** What of the text of a pass is new; empty: nothing. `standing`: what was said last of each subject. */
function newIn(text: string, standing: Map<string, string>): string {
  const isNew = (subject: string, said: string): boolean => {
    const key = said.replace(FIGURES, '#').replace(SEVERAL, '#');
    if (standing.get(subject) === key) return false;
    standing.set(subject, key);
    return true;
  };
  const [done = '', ...rest] = partsOf(text);
  const news = rest.flatMap((part) => {
    const [, what, gates] = HELD.exec(part) ?? [];
    if (what !== undefined) return isNew(`held ${what}`, gates ?? '') ? [part] : [];
    const [, subjects, why] = WAITING.exec(part) ?? [];
    const [, asked] = PERSON.exec(part) ?? [];
    const fresh = (subjects ?? asked ?? '')
      .split(subjects === undefined ? ' and ' : ', ')
      .filter((subject) => isNew(subject, why ?? 'a person'));
    if (fresh.length === 0) return [];
    if (subjects === undefined) return [`a person must act on ${fresh.join(' and ')}`];
    return [`waiting on ${fresh.join(', ')}: ${why ?? ''}`];
  });
  return [...(done !== '' && isNew('', done) ? [done] : []), ...news].join('; ');
}

/** What is done first, or nothing; then each that is held or waits, with its evidence, which is cut at the same mark and goes with it. */
function partsOf(text: string): readonly string[] {
  const parts = [''];
  for (const clause of text.split('; ')) {
    const begins = [HELD, WAITING, PERSON].some((form) => form.test(clause));
    const last = parts.at(-1) ?? '';
    if (begins) parts.push(clause);
    else parts[parts.length - 1] = last === '' ? clause : `${last}; ${clause}`;
  }
  return parts;
}
