import type { Story } from '../../../src/simulator/stories/story.js';
import { lostAlone } from './measure.js';
import { tell, type Told } from './tell.js';

const OUTAGE_MORE_MS = 3000;
const DOUBLED_MORE_MS = 1000;
const LOST_MORE_MS = 400;
/** Other draws of the same story, where chance may have made the difference. */
const DRAWS = [1, 2, 3, 4, 5];

export interface Fault {
  readonly kind: 'outage' | 'doubled' | 'lost' | 'end' | 'untold' | 'thrown';
  readonly text: string;
}

const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const worst = (told: readonly Told[], of: 'outageMs' | 'doubledMs'): number => Math.max(...told.map((one) => one[of]));

/** What Ekimi made worse, against the worst of the tellings without it. */
export function judge(stock: readonly Told[], ekimi: Told): readonly Fault[] {
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
}

/** Told twice; where it looks worse, told five times more without Ekimi, so that chance alone is not called a fault. */
export async function judgeStory(story: Story): Promise<Verdict> {
  const stock = await tell(story, false);
  const ekimi = await tell(story, true);
  const faults = judge([stock], ekimi);
  if (faults.every(({ kind }) => kind === 'untold' || kind === 'thrown')) return { story, stock, ekimi, faults };
  const others: Told[] = [];
  for (const shift of DRAWS) others.push(await tell(story, false, shift));
  return { story, stock, ekimi, faults: judge([stock, ...others], ekimi) };
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
