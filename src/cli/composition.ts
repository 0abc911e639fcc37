import { readFileSync } from 'node:fs';
import { besideProgram } from './beside.js';
import type { CommandBackend } from './backend.js';

function versionOf(): string {
  return (JSON.parse(readFileSync(besideProgram('package.json'), 'utf8')) as { version: string }).version;
}

const version = versionOf();
const look: CommandBackend['check'] = async ({ configFile }) =>
  (await import('./backend/look.js')).look(configFile, version);

/**
 * The program put together: what each command does with the rest of it. Each part is loaded by the command that needs it; named above, it would
 * be loaded by all, and the clients of etcd and PostgreSQL alone cost `ekimi --version` half a second of processor time.
 */
export const composition: CommandBackend = {
  version,
  run: async (options) => {
    (await import('../app/engine.js')).leaveOutOptimizer();
    return (await import('./backend/run.js')).run(options, version);
  },
  demo: async (options) => (await import('./backend/demo.js')).demo(options, version),
  check: look,
  plan: look,
  doctor: async ({ configFile }) => (await import('./backend/look.js')).doctor(configFile, version),
  notifyTest: async ({ configFile, channel }) =>
    (await import('./backend/notify-test.js')).notifyTest(configFile, channel),
  configCheck: async ({ configFile }) => (await import('./backend/config-report.js')).configReport(configFile),
  policies: async ({ configFile }) => (await import('./backend/policies.js')).policiesOf(configFile, Date.now()),
  addresses: async ({ configFile }) => (await import('./backend/addresses.js')).addressesOf(configFile),
  async *readJournal(directory, options) {
    yield* (await import('../journal/read.js')).readJournal(directory, options);
  },
  verifyJournal: async (directory) => (await import('./backend/journal-report.js')).journalReport(directory),
  replayer: async (policyFile) => (await import('./backend/replay.js')).replayerOf(policyFile),
};
