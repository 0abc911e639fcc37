import { pino } from 'pino';
import { ACTION_NAMES, riskOf } from '../model/plan.js';
import type { Mode, Policy } from '../model/policy.js';
import { DEMO_SCENARIOS } from '../simulator/demo-scenarios.js';
import { DEMO_CLUSTER } from '../simulator/demo-script.js';
import { memoryJournal } from '../simulator/memory-journal.js';
import { realtimeDriver, type WallTime } from '../simulator/realtime.js';
import { startScenario } from '../simulator/scenario.js';
import { countWritesLost, writesLostAlone } from '../simulator/writes-lost.js';
import { createCluster } from '../simulator/world.js';
import { summaryOf, tellNext, NO_STORY, type Story, type StoryLine } from '../words/story.js';
import type { JournalEntry } from '../model/entry.js';
import type { ClusterPolicy, LoadedFiles } from './files.js';
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
  /** One of `DEMO_SCENARIOS`. */
  readonly scenario: string;
  /** Instead of the policy's. */
  readonly mode: Mode | null;
  /** What costs something asks a person first. */
  readonly approve: boolean;
  readonly wall: WallTime;
  readonly onReady: (url: string) => void;
  readonly onEntry: (entry: JournalEntry) => void;
  /** What matters of the journal, told once. */
  readonly onLine: (line: StoryLine) => void;
  /** What the tour says as it lets something happen. */
  readonly onSay: (text: string, atMs: number) => void;
  /** The tour is over; the simulated cluster goes on. `summary`: what came of it, a fact a line. */
  readonly onEnd: (summary: readonly string[]) => void;
  readonly stop: AbortSignal;
}

/** The real controller on the embedded cluster, with virtual time bound to the wall clock. Nothing outside this process is touched. */
export async function runDemo(run: DemoRun): Promise<number> {
  const scope = run.files.config.clusters[0]?.scope ?? 'email-cluster';
  const options = { ...DEMO_CLUSTER, scope, seed: run.seed };
  const cluster = createCluster(options);
  const scenario = DEMO_SCENARIOS[run.scenario];
  if (scenario === undefined) throw new Error(`no scenario ${run.scenario}: ${Object.keys(DEMO_SCENARIOS).join(', ')}`);
  const simulated = cluster.ports();
  const lostMs = countWritesLost(cluster);
  const files = demoFiles(run);
  let story: Story = { ...NO_STORY, mode: files.general.policy.mode };
  let endDriver = (): void => undefined;
  const code = await serve(
    {
      files,
      configFile: run.configFile,
      env: {},
      log: pino({ level: 'silent' }),
      version: run.version,
      parts: { clock: simulated.clock, ports: () => simulated, journal: memoryJournal(), demo: true },
      onListening: (url, { controller }) => {
        controller.onEvent((event) => {
          if (event.kind !== 'entry') return;
          run.onEntry(event.entry);
          const told = tellNext(story, event.entry);
          story = told.story;
          told.lines.forEach(run.onLine);
        });
        run.onReady(url);
        const endMs = startScenario(cluster, scenario, run.onSay, (name) => {
          const request = { name, member: null, candidate: null, parameters: {}, back: false, dryRun: false };
          // Held or refused: that is told by its entry.
          void controller.startRun(scope, { ...request, reason: 'the demo' }, 'demo').catch(() => undefined);
        });
        cluster.at(endMs, () => {
          run.onEnd(summaryOf(story, { withMs: lostMs(), aloneMs: writesLostAlone(options, scenario) }));
        });
        endDriver = realtimeDriver(cluster, run.speed, run.wall);
      },
    },
    run.stop,
  );
  endDriver();
  return code;
}

/** The demo's files with what its command line says of mode and approvals, and with the demo's token. */
function demoFiles({ files, mode, approve, port }: DemoRun): DemoRun['files'] {
  const meant = (of: ClusterPolicy): ClusterPolicy => ({ ...of, policy: asked(of.policy, mode, approve) });
  const tokens = [{ name: 'demo', role: 'recovery' as const, token: DEMO_TOKEN }];
  return {
    ...files,
    general: meant(files.general),
    policies: new Map([...files.policies].map(([scope, of]) => [scope, meant(of)])),
    config: { ...files.config, api: { ...files.config.api, port, tokens } },
  };
}

function asked(policy: Policy, mode: Mode | null, approve: boolean): Policy {
  const actions = { ...policy.actions };
  if (approve)
    for (const name of ACTION_NAMES)
      if (riskOf(name) !== 'none' && actions[name].mode === 'auto')
        actions[name] = { ...actions[name], mode: 'approve' };
  return { ...policy, mode: mode ?? policy.mode, actions };
}
