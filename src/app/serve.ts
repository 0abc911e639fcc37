import { randomBytes, randomUUID } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createMetrics } from '../api/metrics.js';
import { startServer, type Server } from '../api/server.js';
import { redactorOf } from '../config/redactor.js';
import type { ApiConfig } from '../model/config.js';
import type { CodedFields } from '../model/log-code.js';
import type { JournalPort } from '../ports/journal.js';
import { systemClock } from './wiring.js';
import { openDaemon, type Daemon, type DaemonParts } from './daemon.js';
import type { LoadedFiles } from './files.js';
import { openJournals, type Journals } from './journals.js';
import { straysOf } from '../fleet/strays.js';
import { reload } from './reload.js';

export interface ServeOptions {
  readonly files: Extract<LoadedFiles, { ok: true }>;
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
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
  const { files, log } = options;
  const given = options.parts?.journal;
  const journals: Journals =
    given === undefined
      ? await openJournals(files.config, log, redactorOf(files.config).value)
      : { of: () => given, close: () => Promise.resolve() };
  const stopHub = new AbortController();
  const hub = await hubOf(files, log);
  const telling = hub?.run(stopHub.signal);
  try {
    const daemon = await openDaemon({
      files,
      journals: journals.of,
      log,
      version: options.version,
      newId: () => randomUUID().slice(0, 8),
      ...(hub && { hub }),
      ...(options.parts?.clock === undefined ? {} : { clock: options.parts.clock }),
      ...(options.parts?.ports === undefined ? {} : { ports: options.parts.ports }),
      ...(options.parts?.demo === true ? { demo: true as const } : {}),
    });
    return await serveDaemon(options, daemon, stop);
  } finally {
    // What the last passes told is on its way, or waits in the spool.
    stopHub.abort();
    await telling;
    await journals.close();
  }
}

/** Loaded where persons are told by anything but the log. */
const hubOf = async (files: ServeOptions['files'], log: Logger) =>
  files.config.notifications === undefined
    ? null
    : (await import('./notifications.js')).hubOf(files.config, files.config.notifications, log);

async function serveDaemon(options: ServeOptions, daemon: Daemon, stop: AbortSignal): Promise<number> {
  const { files, log, env } = options;
  const metrics = createMetrics(daemon.controller);
  const config = await withToken(
    files.config.api,
    files.config.journal.directory,
    log,
    options.parts?.journal === undefined,
  );
  const server: Server = await startServer({
    config,
    controller: daemon.controller,
    log,
    metrics,
    redact: redactorOf(files.config).json,
    clock: options.parts?.clock ?? systemClock,
  });
  const modes = Object.fromEntries([...files.policies].map(([scope, { policy }]) => [scope, policy.mode]));
  log.info(
    { url: server.url, mode: files.general.policy.mode, clusters: daemon.controller.scopes(), modes },
    'ekimi runs',
  );
  options.onListening?.(server.url, daemon);
  const onHup = (): void => {
    void reload(daemon.sessions, options.configFile, files.configHash, env).then((told) => {
      log.info({ told }, 'reload');
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

/** Shorter than this it is no token of ours: an empty file, a lone newline, a disk that was full. */
const LEAST_TOKEN_CHARS = 20;
const OWNER_ONLY = 0o600;

/**
 * Without a token nobody could approve or pause: one is made, for whoever may read the journal's folder. One that others than its owner's
 * group may read, or anybody else may write, may be known to them: it is replaced.
 */
export async function withToken(api: ApiConfig, directory: string, log: Logger, keep: boolean): Promise<ApiConfig> {
  if (api.tokens.length > 0) return api;
  const file = join(directory, 'api-token');
  const kept = keep ? await keptToken(file, log) : null;
  const token = kept ?? randomBytes(24).toString('base64url');
  if (keep && kept === null) {
    await rm(file, { force: true });
    await writeFile(file, `${token}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  }
  log.info({ file: keep ? file : null }, 'no api.tokens are configured: an operator token was made');
  return { ...api, tokens: [{ name: 'local', role: 'recovery', token }] };
}

async function keptToken(file: string, log: Logger): Promise<string | null> {
  const stat = await lstat(file).catch(() => null);
  if (stat === null) return null;
  const token = stat.isFile() && stat.size < 1_024 ? (await readFile(file, 'utf8').catch(() => '')).trim() : '';
  const isOpen = (stat.mode & 0o027) !== 0;
  if (!isOpen && token.length >= LEAST_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return token;
  const why = isOpen
    ? `its mode is ${(stat.mode & 0o777).toString(8)}, so that others may know or change it`
    : 'it holds no token';
  log.warn({ code: 'API_TOKEN_REPLACED', file, why } satisfies CodedFields, 'the operator token was made anew');
  return null;
}
