import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { errorText } from '../config/config-error.js';
import { loadAddresses, loadConfig } from '../config/load-config.js';
import { loadPolicy } from '../config/load-policy.js';
import { checkTogether } from '../config/together.js';
import { loadFiles, type LoadedFiles } from '../controller/daemon.js';
import { runDemo } from '../controller/demo.js';
import { doctorFindings } from '../controller/doctor.js';
import { askRights, rightsFindings } from '../controller/rights.js';
import { serve } from '../controller/serve.js';
import { lookOnce } from '../controller/single-look.js';
import { readJournal } from '../journal/read.js';
import { verifyJournal } from '../journal/verify.js';
import type { CodedFields } from '../model/log-code.js';
import type { CommandBackend, ConfigReport, JournalReport } from './backend.js';
import { CliError } from './cli-error.js';
import { openLog } from './log.js';

type Files = Extract<LoadedFiles, { ok: true }>;

const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function versionOf(): string {
  return (JSON.parse(readFileSync(beside('../../package.json'), 'utf8')) as { version: string }).version;
}

const badConfig = (errors: readonly string[]): CliError =>
  new CliError(
    'config',
    'bad-config',
    errors.join('\n'),
    'Mend the lines above; `ekimi config check` shows them again.',
  );

function filesOf(configFile: string): Files {
  const files = loadFiles(configFile, process.env);
  if (files.ok) return files;
  throw badConfig(files.errors);
}

/** A bug in a stream handler must end in the log with a stack, not in a half-dead daemon; the journal is whole up to the last entry. */
function dieLoudly(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ code: 'UNCAUGHT', err: error } satisfies CodedFields, 'a defect: the process ends');
    process.exit(70);
  });
  process.on('unhandledRejection', (reason) => {
    log.fatal({ code: 'UNHANDLED', err: reason } satisfies CodedFields, 'a defect: the process ends');
    process.exit(70);
  });
}

async function run(configFile: string, stop: AbortSignal): Promise<number> {
  const files = filesOf(configFile);
  const log = openLog(files.config);
  dieLoudly(log);
  for (const warning of files.warnings)
    log.warn({ code: 'CONFIG_WARNING', warning } satisfies CodedFields, 'configuration');
  const code = await serve({ files, configFile, env: process.env, log, version: versionOf() }, stop);
  leaveSoon(code);
  return code;
}

/** Everything is closed. A command of the operator's own (a host restart) may still run for a minute: it goes on without us. */
function leaveSoon(code: number): void {
  setTimeout(() => process.exit(code), 500).unref();
}

const wall = {
  monotonicMs: () => performance.now(),
  every: (ms: number, call: () => void) => {
    const timer = setInterval(call, ms);
    return () => {
      clearInterval(timer);
    };
  },
};

function configReport(configFile: string): ConfigReport {
  const config = loadConfig(configFile, process.env);
  if (!config.ok) return { files: [{ file: configFile, faults: config.errors.map(errorText), warnings: [] }] };
  const first = { file: configFile, faults: [], warnings: config.warnings.map(errorText) };
  const policy = loadPolicy(config.config.policyFile);
  if (!policy.ok)
    return { files: [first, { file: config.config.policyFile, faults: policy.errors.map(errorText), warnings: [] }] };
  const rows = checkTogether(config.config, policy.policy, policy.locator);
  const texts = (severity: 'error' | 'warning'): string[] =>
    rows.filter((row) => row.severity === severity).map(errorText);
  const second = {
    file: config.config.policyFile,
    faults: texts('error'),
    warnings: [...policy.warnings.map(errorText), ...texts('warning')],
  };
  return { files: [first, second] };
}

async function journalReport(directory: string): Promise<JournalReport> {
  const result = await verifyJournal(directory);
  const bad = result.firstBad;
  return {
    files: result.files,
    entries: result.entries,
    firstSeq: result.firstSeq,
    lastSeq: result.lastSeq,
    torn: result.torn.length,
    faults: bad === undefined ? [] : [{ where: `${bad.file}:${bad.line}`, why: bad.why }],
  };
}

/** Where an address that means "every interface" is reached from here. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host);

/** The program put together: what each command does with the rest of it. */
export const composition: CommandBackend = {
  version: versionOf(),
  run: ({ configFile, stop }) => run(configFile, stop),
  demo: (options) => {
    const configFile = beside('../../config/demo.ekimi.yaml');
    return runDemo({ ...options, files: filesOf(configFile), configFile, version: versionOf(), wall });
  },
  check: ({ configFile }) => lookOnce(filesOf(configFile), versionOf()),
  plan: ({ configFile }) => lookOnce(filesOf(configFile), versionOf()),
  doctor: async ({ configFile }) => {
    const files = filesOf(configFile);
    const [snapshots, rights] = await Promise.all([lookOnce(files, versionOf()), askRights(files)]);
    return snapshots.flatMap((snapshot, index) => [
      ...doctorFindings(snapshot, files.policy, files.policyLocator),
      ...rightsFindings(rights[index] ?? { hasLogin: false, members: [] }, files.policy),
    ]);
  },
  configCheck: ({ configFile }) => Promise.resolve(configReport(configFile)),
  addresses: ({ configFile }) => {
    const found = loadAddresses(configFile);
    if (!found.ok) throw badConfig(found.errors.map(errorText));
    return Promise.resolve({
      apiUrl: `http://${reachable(found.host)}:${found.port}`,
      journalDirectory: found.journalDirectory,
      tokenFile: join(found.journalDirectory, 'api-token'),
      clusters: found.clusters,
    });
  },
  readJournal: (directory, options) => readJournal(directory, options),
  verifyJournal: journalReport,
};
