import { join } from 'node:path';
import { runDemo, type DemoRun } from '../../src/app/demo.js';
import { loadFiles } from '../../src/app/files.js';
import { demoEnd, demoHead, demoLine, demoSay } from '../../src/cli/render/demo.js';
import type { StoryLine } from '../../src/words/story.js';

const STYLE = { color: false, columns: 200, nowMs: 0 };
const CONFIG = join(import.meta.dirname, '../../config/demo.ekimi.yaml');
const FRAME_MS = 50;

export interface Played {
  /** As the terminal shows it. */
  readonly text: string;
  readonly lines: readonly StoryLine[];
}

/** The demo's story until its end, as fast as the machine goes: the wall's time is ours. `url` stands for the page. */
export async function playDemo(
  how: Partial<Pick<DemoRun, 'scenario' | 'mode' | 'approve' | 'seed'>> = {},
  onLine: (line: StoryLine, url: string) => void = () => undefined,
): Promise<Played> {
  const files = loadFiles(CONFIG, {});
  if (!files.ok) throw new Error(files.errors.join('\n'));
  const stop = new AbortController();
  const [shown, lines]: [string[], StoryLine[]] = [[], []];
  let [nowMs, startedAtMs, url] = [0, 0, ''];
  const frames = new Set<() => void>();
  const ended = runDemo({
    files,
    configFile: CONFIG,
    version: '0.1.0',
    port: 0,
    seed: 1,
    speed: 1,
    scenario: 'tour',
    mode: null,
    approve: false,
    ...how,
    wall: {
      monotonicMs: () => nowMs,
      every: (_ms, call) => {
        frames.add(call);
        return () => frames.delete(call);
      },
    },
    onReady: (at) => {
      url = at;
      shown.push(demoHead('http://127.0.0.1:8471', STYLE, 'node dist/cli/main.js'));
    },
    onEntry: (entry) => {
      startedAtMs ||= entry.atMs;
    },
    onLine: (line) => {
      lines.push(line);
      shown.push(demoLine(line, startedAtMs || line.atMs, 'http://127.0.0.1:8471', STYLE));
      onLine(line, url);
    },
    onSay: (text, atMs) => {
      shown.push(demoSay(text, atMs, startedAtMs || atMs, STYLE));
    },
    onEnd: (summary) => {
      shown.push(demoEnd(summary, STYLE));
      stop.abort();
    },
    stop: stop.signal,
  });
  while (!stop.signal.aborted) {
    nowMs += FRAME_MS;
    for (const frame of frames) frame();
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const going = setInterval(() => {
    nowMs += FRAME_MS;
    for (const frame of frames) frame();
  }, 1);
  await ended;
  clearInterval(going);
  return { text: shown.join('\n'), lines };
}
