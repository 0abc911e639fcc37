import { lostAlone } from './measure.js';
import type { Told } from './tell.js';

const OUTAGE_MORE_MS = 3000;
const DOUBLED_MORE_MS = 1000;
const LOST_MORE_MS = 400;

export interface Fault {
  readonly kind: 'outage' | 'doubled' | 'lost' | 'end' | 'untold' | 'thrown';
  readonly text: string;
}

/** Both tellings of a story with the same draw of chance. */
export interface Pair {
  readonly stock: Told;
  readonly ekimi: Told;
}

const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

type Measure = 'outageMs' | 'doubledMs';
const worst = (told: readonly Told[], of: Measure): number => Math.max(...told.map((one) => one[of]));
const mean = (told: readonly Told[], of: Measure): number => told.reduce((sum, one) => sum + one[of], 0) / told.length;

/** What nothing without Ekimi has to be held against: no chance excuses it. */
export const alwaysWrong = (ekimi: Told): readonly Fault[] => [
  ...untold(ekimi).map((text) => ({ kind: 'untold' as const, text })),
  ...ekimi.thrown.map((text) => ({ kind: 'thrown' as const, text: `a pass threw: ${text}` })),
];

/** What Ekimi made worse, against the worst of the tellings without it. */
export function worse(stock: readonly Told[], ekimi: Told): readonly Fault[] {
  const faults: Fault[] = [];
  const more = (kind: Fault['kind'], of: Measure, least: number, what: string): void => {
    const without = worst(stock, of);
    if (ekimi[of] > without + least)
      faults.push({ kind, text: `${what}: ${s(ekimi[of])} with Ekimi, ${s(without)} without` });
  };
  more('outage', 'outageMs', OUTAGE_MORE_MS, 'nobody took writes');
  more('doubled', 'doubledMs', DOUBLED_MORE_MS, 'two took writes');
  const lostMs = lostAlone(ekimi, stock);
  if (lostMs > LOST_MORE_MS)
    faults.push({ kind: 'lost', text: `acknowledged writes of ${s(lostMs)} are lost that are kept without Ekimi` });
  const anyway = new Set(stock.flatMap(({ wrong }) => wrong));
  for (const text of ekimi.wrong)
    if (!anyway.has(text) && !isDrainOfBroken(text, ekimi))
      faults.push({ kind: 'end', text: `in the end ${text}, without Ekimi not` });
  return faults;
}

/** In how many of eight draws a kind may be worse than in the worst of the eight without, and still be chance. */
const BY_CHANCE: Readonly<Partial<Record<Fault['kind'], number>>> = { outage: 2, doubled: 1, lost: 1, end: 1 };

export interface Weighed {
  readonly faults: readonly Fault[];
  /** Worse in so few draws that chance did it: listed, no failure. */
  readonly unlucky: readonly Fault[];
}

/** Which of the faults of the first pair chance does not explain, by all pairs. */
export function weigh(pairs: readonly Pair[]): Weighed {
  const stock = pairs.map((pair) => pair.stock);
  const ekimi = pairs.map((pair) => pair.ekimi);
  const each = ekimi.map((one) => worse(stock, one));
  const faults: Fault[] = [];
  const unlucky: Fault[] = [];
  for (const kind of ['outage', 'doubled', 'lost', 'end'] as const) {
    const found = each.map((all) => all.find((fault) => fault.kind === kind)).filter((fault) => fault !== undefined);
    const [first] = found;
    if (first === undefined) continue;
    const text = `${first.text} (in ${found.length} of ${pairs.length} draws)`;
    (found.length > (BY_CHANCE[kind] ?? 0) ? faults : unlucky).push({ kind, text });
  }
  for (const [kind, of, least] of [
    ['outage', 'outageMs', OUTAGE_MORE_MS],
    ['doubled', 'doubledMs', DOUBLED_MORE_MS],
  ] as const) {
    const [more, less] = [mean(ekimi, of), mean(stock, of)];
    if (more > less + least && faults.every((fault) => fault.kind !== kind))
      faults.push({ kind, text: `${of} on average: ${s(more)} with Ekimi, ${s(less)} without` });
  }
  return { faults, unlucky };
}

/** Whoever does not follow is rightly kept from readers. */
const isDrainOfBroken = (text: string, { wrong, behind }: Told): boolean => {
  const [member = '', ...rest] = text.split(' ');
  return (
    /^is (drained|tagged)/.test(rest.join(' ')) && (wrong.includes(`${member} is broken`) || behind.includes(member))
  );
};

/** What is wrong in the end must have been told: by a page that names the member, or one of the cluster. */
function untold({ wrong, pages }: Told): readonly string[] {
  if (wrong.includes('nobody takes writes') && pages.length > 0) return [];
  const broken = wrong.filter((text) => text.endsWith('is broken') || text === 'nobody takes writes');
  return broken
    .filter((text) => {
      const member = text.split(' ')[0] ?? '';
      return !pages.some(
        (page) => page.subject === member || page.text.includes(member) || !page.subject.startsWith('patroni'),
      );
    })
    .map((text) => `in the end ${text}, and nobody was paged`);
}
