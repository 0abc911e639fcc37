import { pino } from 'pino';
import { DEMO_CLUSTER, DEMO_SCRIPT } from '../simulator/demo-script.js';
import { memoryJournal } from '../simulator/memory-journal.js';
import { realtimeDriver, type WallTime } from '../simulator/realtime.js';
import { startScenario } from '../simulator/scenario.js';
import { createCluster } from '../simulator/world.js';
import type { JournalEntry } from '../model/entry.js';
import type { LoadedFiles } from './files.js';
import { serve } from './serve.js';

/** The page's Approve buttons ask for a token; the demo's is no secret, since it guards nothing. */
const DEMO_TOKEN = 'demo';

export interface DemoRun {
  readonly files: Extract<LoadedFiles, { ok: true }>;
  readonly configFile: string;
  readonly version: string;
  readonly seed: number;
  readonly port: number;
  /** Simulated seconds per real second. */
  readonly speed: number;
  readonly wall: WallTime;
  readonly onReady: (url: string) => void;
  readonly onEntry: (entry: JournalEntry) => void;
  /** What the tour says as it lets something happen. */
  readonly onSay: (text: string, atMs: number) => void;
  /** The tour is over; the simulated cluster goes on. */
  readonly onEnd: () => void;
  readonly stop: AbortSignal;
}

/** The real controller on the embedded cluster, with virtual time bound to the wall clock. Nothing outside this process is touched. */
export async function runDemo(run: DemoRun): Promise<number> {
  const scope = run.files.config.clusters[0]?.scope ?? 'email-cluster';
  const cluster = createCluster({ ...DEMO_CLUSTER, scope, seed: run.seed });
  const simulated = cluster.ports();
  const api = {
    ...run.files.config.api,
    port: run.port,
    tokens: [{ name: 'demo', role: 'operator' as const, token: DEMO_TOKEN }],
  };
  const files = { ...run.files, config: { ...run.files.config, api } };
  let endDriver = (): void => undefined;
  const code = await serve(
    {
      files,
      configFile: run.configFile,
      env: {},
      log: pino({ level: 'silent' }),
      version: run.version,
      parts: { clock: simulated.clock, ports: () => simulated, journal: memoryJournal(), demo: true },
      onListening: (url, daemon) => {
        daemon.controller.onEvent((event) => {
          if (event.kind === 'entry') run.onEntry(event.entry);
        });
        run.onReady(url);
        const endMs = startScenario(cluster, DEMO_SCRIPT, (row, atMs) => {
          run.onSay(row.say, atMs);
        });
        cluster.at(endMs, run.onEnd);
        endDriver = realtimeDriver(cluster, run.speed, run.wall);
      },
    },
    run.stop,
  );
  endDriver();
  return code;
}
