import type { Story } from '../../../src/simulator/stories/story.js';
import { lostAlone } from './measure.js';
import { tell, type Told } from './tell.js';

const OUTAGE_MORE_MS = 3000;
const DOUBLED_MORE_MS = 1000;
const LOST_MORE_MS = 400;
/** Other draws of the same story: what is worse in one alone, chance has done. */
const DRAWS = [1, 2, 3];

export interface Fault {
  readonly kind: 'outage' | 'doubled' | 'lost' | 'end' | 'untold' | 'thrown';
  readonly text: string;
}

const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const worst = (told: readonly Told[], of: 'outageMs' | 'doubledMs'): number => Math.max(...told.map((one) => one[of]));

/** What Ekimi made worse, against the worst of the tellings without it. */
function judge(stock: readonly Told[], ekimi: Told): readonly Fault[] {
  const faults: Fault[] = [];
  const more = (kind: Fault['kind'], of: 'outageMs' | 'doubledMs', least: number, what: string): void => {
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
  for (const text of untold(ekimi)) faults.push({ kind: 'untold', text });
  for (const text of ekimi.thrown) faults.push({ kind: 'thrown', text: `a pass threw: ${text}` });
  return faults;
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

export interface Verdict {
  readonly story: Story;
  readonly stock: Told;
  readonly ekimi: Told;
  readonly faults: readonly Fault[];
  /** Worse in this draw, and not in most of the others: told, and no failure. */
  readonly unlucky: readonly Fault[];
}

/**
 * Told twice. Where that looks worse, it is told with other draws of what chance decides (when Patroni loops, who wakes first): a fault is
 * what shows in at least half of them, each against the worst of all that are told without Ekimi.
 */
export async function judgeStory(story: Story): Promise<Verdict> {
  const stock = [await tell(story, false)];
  const told = [await tell(story, true)];
  const verdict = (faults: readonly Fault[], unlucky: readonly Fault[] = []): Verdict => ({
    story,
    stock: stock[0] as Told,
    ekimi: told[0] as Told,
    faults,
    unlucky,
  });
  const first = judge(stock, told[0] as Told);
  if (first.every(({ kind }) => kind === 'thrown')) return verdict(first);
  for (const shift of DRAWS) {
    stock.push(await tell(story, false, shift));
    told.push(await tell(story, true, shift));
  }
  const kinds = told.map((one) => new Set(judge(stock, one).map(({ kind }) => kind)));
  const isOften = ({ kind }: Fault): boolean => kinds.filter((each) => each.has(kind)).length * 2 >= kinds.length;
  const left = judge(stock, told[0] as Told);
  return verdict(
    left.filter(isOften),
    left.filter((fault) => !isOften(fault)),
  );
}

/** The smallest story that still shows a fault of the same kind: events are left out one after the other. */
export async function shrink(verdict: Verdict): Promise<Verdict> {
  const kinds = new Set(verdict.faults.map(({ kind }) => kind));
  let least = verdict;
  for (let index = least.story.events.length - 1; index >= 0 && least.story.events.length > 1; index -= 1) {
    const story = { ...least.story, events: least.story.events.filter((_, at) => at !== index) };
    const shorter = await judgeStory(story);
    if (shorter.faults.some(({ kind }) => kinds.has(kind))) least = shorter;
  }
  return least;
}
