import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawBenign, drawStory } from '../../../src/simulator/stories/draw.js';
import { storyText } from '../../../src/simulator/stories/story.js';
import { failureText, figuresOf, kindOf, pageKind } from './report.js';
import { readStory, tell } from './tell.js';
import { judgeStory, shrink, type Verdict } from './verdict.js';

/** One worker of `npm run chaos`: seeds from argv, a line of JSON for each on stdout. The parent, `scripts/chaos.mjs`, adds them up. */
const [mode = '', ...rest] = process.argv.slice(2);

const say = (row: object): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`);
};

function keep(folder: string, { story }: Verdict): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `story-${story.seed}.json`);
  writeFileSync(file, `${JSON.stringify(story, null, 2)}\n`);
  return file;
}

async function stories(from: number, to: number, step: number, folder: string): Promise<void> {
  for (let seed = from; seed < to; seed += step) {
    const verdict = await judgeStory(drawStory(seed));
    const figures = figuresOf(verdict);
    if (verdict.faults.length === 0)
      say(verdict.unlucky.length === 0 ? figures : { ...figures, text: failureText(verdict) });
    else {
      const least = await shrink(verdict);
      say({ ...figures, file: keep(folder, least), text: failureText(least) });
    }
  }
}

async function benign(from: number, to: number, step: number): Promise<void> {
  for (let seed = from; seed < to; seed += step) {
    const story = drawBenign(seed);
    const told = await tell(story, true);
    say({
      seed,
      requests: told.requests.map(({ text }) => kindOf(text)),
      pages: told.pages.map(pageKind),
      thrown: told.thrown,
      text: [
        ...storyText(story),
        ...told.requests.map(({ atSeconds, text, by }) => `  >> ${atSeconds} ${by} sends ${text}`),
        ...told.pages.map(({ atSeconds, code, subject, text }) => `  !! ${atSeconds} ${code} ${subject}: ${text}`),
      ].join('\n'),
    });
  }
}

async function replay(file: string): Promise<void> {
  const verdict = await judgeStory(readStory(file));
  process.stdout.write(`${failureText(verdict)}\n`);
  process.exitCode = verdict.faults.length === 0 ? 0 : 1;
}

const [from, to, step] = rest.slice(0, 3).map(Number);
if (mode === 'replay') await replay(rest[0] ?? '');
else if (mode === 'benign') await benign(from ?? 0, to ?? 0, step ?? 1);
else await stories(from ?? 0, to ?? 0, step ?? 1, rest[3] ?? 'var/chaos');
