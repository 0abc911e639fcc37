import { describe, expect, it } from 'vitest';
import { drawBenign, drawStory } from '../../src/simulator/stories/draw.js';
import { failureText } from '../support/chaos/report.js';
import { tell } from '../support/chaos/tell.js';
import { judgeStory } from '../support/chaos/verdict.js';

/** Fixed, so that a red run is a fault and not chance; `npm run chaos` draws others. */
const FIRST_SEED = 1;
const PART = 20;
const TIMEOUT_MS = 300_000;

const seeds = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, n) => first + n);
const parts = (all: number): readonly number[] => seeds(0, all / PART).map((n) => FIRST_SEED + n * PART);

describe('random histories, told with Ekimi and without', () => {
  it.each(parts(60))(
    'nothing is made worse, and nothing left broken is untold: seeds from %i',
    async (first) => {
      for (const seed of seeds(first, PART)) {
        const verdict = await judgeStory(drawStory(seed));
        if (verdict.faults.length > 0) throw new Error(failureText(verdict));
      }
    },
    TIMEOUT_MS,
  );
});

describe('benign episodes', () => {
  it(
    'operators work, networks blip, etcd elects: no request is sent, and nobody is woken',
    async () => {
      for (const seed of seeds(FIRST_SEED, 80)) {
        const told = await tell(drawBenign(seed), true);
        const pages = told.pages.map(({ code }) => code);
        expect({ seed, requests: told.requests, pages, thrown: told.thrown }).toEqual({
          seed,
          requests: [],
          pages: [],
          thrown: [],
        });
      }
    },
    TIMEOUT_MS,
  );
});
