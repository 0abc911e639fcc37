import type { Logger } from 'pino';
import { keepSmall, hasFewPasses, optimize } from '../../app/engine.js';
import { serve } from '../../app/serve.js';
import type { CodedFields } from '../../model/log-code.js';
import type { RunOptions } from '../backend.js';
import { learningRedactorOf } from '../../config/redactor.js';
import { openLog } from '../log.js';
import { filesOf } from './files.js';

/**
 * A bug in a stream handler must end in the log with a stack, not in a half-dead daemon; the journal is whole up to the last entry. A promise
 * that fails is no such thing once the daemon runs (`fleet/strays.ts`); before, it comes here.
 */
function dieLoudly(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ code: 'UNCAUGHT', err: error } satisfies CodedFields, 'a defect: the process ends');
    process.exit(70);
  });
}

/** The daemon, until `stop`. Resolves with the exit code. */
export async function run({ configFile, stop }: RunOptions, version: string): Promise<number> {
  const files = filesOf(configFile);
  const redact = learningRedactorOf(files.config);
  const log = openLog(files.config, undefined, redact);
  dieLoudly(log);
  if (hasFewPasses([...files.policies.values()].map(({ policy }) => policy.poll.intervalMs))) keepSmall();
  else optimize();
  for (const warning of files.warnings)
    log.warn({ code: 'CONFIG_WARNING', warning } satisfies CodedFields, 'configuration');
  const code = await serve({ files, configFile, env: process.env, log, redact, version }, stop);
  leaveSoon(code);
  return code;
}

/** Everything is closed. A command of the operator's own (a host restart) may still run for a minute: it goes on without us. */
function leaveSoon(code: number): void {
  setTimeout(() => process.exit(code), 500).unref();
}
