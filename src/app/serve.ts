import { claimReport } from '../kernel/report-claims.js';
import type { ReportParts } from './reports.js';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createMetrics } from '../api/metrics.js';
import { startServer, type Server } from '../api/server.js';
import { learningRedactorOf, type LearningRedactor } from '../config/redactor.js';
import type { Hub } from '../notify/hub.js';
import type { JournalPort } from '../ports/journal.js';
import { systemClock } from './wiring.js';
import { accessOf, renewer } from './api-access.js';
import { openDaemon, type Daemon } from './daemon.js';
import type { DaemonParts } from './open-cluster.js';
import type { CodedFields } from '../model/log-code.js';
import type { LoadedFiles } from './files.js';
import { openJournals, type Journals } from './journals.js';
import { straysOf } from '../fleet/strays.js';
import { reload } from './reload.js';

export interface ServeOptions {
  readonly files: Extract<LoadedFiles, { ok: true }>;
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** The one that the log has too. Absent: one of its own. */
  readonly redact?: LearningRedactor;
  readonly version: string;
  /** Instead of the real ones: the simulated cluster's. */
  readonly parts?: Partial<Pick<DaemonParts, 'clock' | 'ports' | 'demo'>> & {
    readonly journal?: JournalPort;
  };
  /** Called once the API listens. */
  readonly onListening?: (url: string, daemon: Daemon) => void;
}

/** The daemon with its API until SIGTERM or SIGINT. Returns the exit code; rejects with what kept it from starting. */
export async function serve(options: ServeOptions, stop: AbortSignal): Promise<number> {
  const { files, log, redact = learningRedactorOf(options.files.config) } = options;
  const given = options.parts?.journal;
  const journals: Journals =
    given === undefined
      ? await openJournals(files.config, log, redact.value)
      : { of: () => given, close: () => Promise.resolve() };
  const stopHub = new AbortController();
  const hub = await hubOf(files, redact, log);
  const telling = hub?.run(stopHub.signal);
  let reporting: { readonly ended: Promise<void> } | null = null;
  try {
    const daemon = await openDaemon({
      files,
      journals: journals.of,
      log,
      redact,
      version: options.version,
      newId: () => randomUUID().slice(0, 8),
      ...(hub && { hub }),
      ...(options.parts?.clock === undefined ? {} : { clock: options.parts.clock }),
      ...(options.parts?.ports === undefined ? {} : { ports: options.parts.ports }),
      ...(options.parts?.demo === true ? { demo: true as const } : {}),
    });
    reporting = await reportsOf(files, daemon, hub, log, stopHub.signal);
    return await serveDaemon({ ...options, redact }, daemon, stop);
  } finally {
    // What the last passes told is on its way, or waits in the spool.
    stopHub.abort();
    await reporting?.ended;
    await telling;
    await journals.close();
  }
}

/** Loaded where persons are told by anything but the log. */
const hubOf = async (files: ServeOptions['files'], redact: LearningRedactor, log: Logger) =>
  files.config.notifications === undefined
    ? null
    : (await import('./notifications.js')).hubOf(files.config, files.config.notifications, redact, log);

/** Loaded where the configuration asks for reports. Resolves once they are under way; `ended` does soon after `stop`. */
async function reportsOf(
  files: ServeOptions['files'],
  { controller, sessions }: Daemon,
  hub: Hub | null,
  log: Logger,
  stop: AbortSignal,
): Promise<{ readonly ended: Promise<void> } | null> {
  const schedules = files.config.notifications?.reports ?? [];
  if (hub === null || schedules.length === 0) return null;
  const { tellReports } = await import('./reports.js');
  const tell: Hub['report'] = (message) => {
    hub.report(message);
  };
  const claim: ReportParts['claim'] = async (scope, what) => {
    const session = sessions.find(({ parts }) => parts.target.scope === scope);
    const present = await (session?.successor ?? session);
    return present !== undefined && claimReport(present, what);
  };
  return { ended: tellReports({ schedules, controller, clock: systemClock, claim, tell, log }, stop) };
}

type Serving = ServeOptions & { readonly redact: LearningRedactor };

async function serveDaemon(options: Serving, daemon: Daemon, stop: AbortSignal): Promise<number> {
  const { files, log, env, redact, configFile } = options;
  const metrics = createMetrics(daemon.controller);
  const access = { redact, log, keep: options.parts?.journal === undefined };
  const config = await accessOf(files.config, access);
  const server: Server = await startServer({
    config,
    controller: daemon.controller,
    log,
    metrics,
    redact: redact.json,
    clock: options.parts?.clock ?? systemClock,
  });
  const modes = Object.fromEntries([...files.policies].map(([scope, { policy }]) => [scope, policy.mode]));
  log.info(
    { url: server.url, mode: files.general.policy.mode, clusters: daemon.controller.scopes(), modes },
    'ekimi runs',
  );
  options.onListening?.(server.url, daemon);
  const renew = renewer(server, config, access);
  // One after the other: an older one that ends last would put its tokens back.
  let reloading: Promise<unknown> = Promise.resolve();
  const onHup = (): void => {
    reloading = reloading.then(async () => {
      const told = await reload({ daemon, configFile, start: files.config, env, access: renew });
      log.info({ told }, 'reload');
    });
    // One that failed must not be the last.
    reloading = reloading.catch((err: unknown) => {
      log.error({ code: 'RELOAD_FAILED', err } satisfies CodedFields, 'a reload failed');
    });
  };
  const onStray = straysOf(daemon.sessions);
  process.on('unhandledRejection', onStray);
  process.on('SIGHUP', onHup);
  try {
    await daemon.run(stop);
    return 0;
  } finally {
    process.off('SIGHUP', onHup);
    process.off('unhandledRejection', onStray);
    await server.close();
    metrics.close();
  }
}
