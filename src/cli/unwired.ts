import type { CommandBackend } from './backend.js';
import { CliError } from './cli-error.js';

const missing = (what: string): never => {
  throw new CliError('internal', 'not-wired', `${what} is not part of this build`, 'Build it with the controller.');
};
const rejected = (what: string) => (): Promise<never> => Promise.resolve().then(() => missing(what));

/** Stands where the controller goes: what talks to a running daemon works, the rest says that it is missing. */
export const unwiredBackend: CommandBackend = {
  version: '0.1.0',
  run: rejected('run'),
  demo: rejected('demo'),
  check: rejected('check'),
  plan: rejected('plan'),
  doctor: rejected('doctor'),
  configCheck: rejected('config check'),
  addresses: rejected('reading the configuration'),
  readJournal: () => missing('reading the journal'),
  verifyJournal: rejected('journal verify'),
};
