import type { JournalEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { StoryLine } from '../words/story.js';
import type { Mode } from '../model/policy.js';
import type { PolicyMatrix } from '../words/policy-matrix.js';
import type { Replayer } from '../replay/replay.js';

/** Where the two files are. null: look in the usual places. */
interface ConfigOptions {
  readonly configFile: string;
}

export interface RunOptions extends ConfigOptions {
  /** Aborts on SIGTERM and SIGINT: finish or mark the step in flight, then resolve. */
  readonly stop: AbortSignal;
}

export interface DemoOptions {
  readonly seed: number;
  /** 0: any free port. */
  readonly port: number;
  /** Simulated seconds per real second. */
  readonly speed: number;
  /** A name of the simulator's scenarios. */
  readonly scenario: string;
  readonly mode: Mode | null;
  /** What costs something asks a person first. */
  readonly approve: boolean;
  /** Called once the page can be opened. */
  readonly onReady: (url: string) => void;
  /** What the tour says as it lets something happen. */
  readonly onSay: (text: string, atMs: number) => void;
  /** The tour is over; the simulated cluster goes on until `stop`. */
  readonly onEnd: (summary: readonly string[]) => void;
  /** What matters of the journal, told once. */
  readonly onLine: (line: StoryLine) => void;
  /** Called for each journal entry, for programs. */
  readonly onEntry: (entry: JournalEntry) => void;
  readonly stop: AbortSignal;
}

/** One row of `ekimi doctor`: can this channel or actuator really be used, now? */
export interface DoctorRow {
  /** The cluster that it is of; absent: the only one, or of none of them. */
  readonly scope?: string;
  readonly check: string;
  /** `off`: not configured, nothing is wrong with it. */
  readonly verdict: 'ok' | 'warn' | 'fail' | 'off';
  readonly detail: string;
  /** Actions that cannot run because of this row. */
  readonly disables: readonly string[];
  /** What a person does about it; absent where all is well. */
  readonly remedy?: string;
}

/** What one channel made of a message of test. */
export interface NotifyTried {
  readonly channel: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface ConfigReport {
  readonly files: readonly {
    readonly file: string;
    /** Empty when the file is valid. Each names the key, what was found and what is expected. */
    readonly faults: readonly string[];
    /** Valid but probably not meant. */
    readonly warnings: readonly string[];
  }[];
}

/** Where the daemon of a configuration listens and writes. */
export interface Addresses {
  readonly apiUrl: string;
  /** The certificate that it presents; null or absent: it speaks HTTP in clear. */
  readonly certFile?: string | null;
  readonly journalDirectory: string;
  /** The operator token that a daemon without api.tokens makes for whoever may read its journal; need not exist. */
  readonly tokenFile: string;
  /** What that daemon watches: another one may answer at the address. */
  readonly clusters: readonly { readonly scope: string; readonly members: readonly string[] }[];
}

/** The effective policy of one cluster. */
export interface NamedPolicy {
  readonly scope: string;
  readonly policy: PolicyMatrix;
}

/** Everything that the command line needs from the rest of the program. The composition root implements it. */
export interface CommandBackend {
  readonly version: string;
  /** The daemon until `stop`. Resolves with the exit code. */
  run(options: RunOptions): Promise<number>;
  /** The daemon on the embedded simulated cluster. Resolves with the exit code. */
  demo(options: DemoOptions): Promise<number>;
  /** One pass over every cluster that sends nothing. */
  check(options: ConfigOptions): Promise<readonly ClusterSnapshot[]>;
  /** As `check`, with grace and cool-downs as the ledger has them: what it would do now. */
  plan(options: ConfigOptions): Promise<readonly ClusterSnapshot[]>;
  doctor(options: ConfigOptions): Promise<readonly DoctorRow[]>;
  /** Sends a message of test to that channel, or to all. */
  notifyTest(options: ConfigOptions & { readonly channel: string | null }): Promise<readonly NotifyTried[]>;
  configCheck(options: ConfigOptions): Promise<ConfigReport>;
  /** By the files alone: what a daemon would do alone, ask for, never do. */
  policies(options: ConfigOptions): Promise<readonly NamedPolicy[]>;
  addresses(options: ConfigOptions): Promise<Addresses>;
  /** Oldest first; lines that cannot be read are told through `onBad` and skipped. */
  readJournal(
    directory: string,
    options: {
      readonly sinceMs?: number;
      readonly scope?: string;
      readonly kinds?: readonly string[];
      readonly refuse?: (entry: JournalEntry) => string | null;
      readonly onBad: (where: string, why: string) => void;
    },
  ): AsyncIterable<JournalEntry>;
  verifyJournal(directory: string): Promise<JournalReport>;
  /** Makes recorded decisions again; under the policy of that file, or null: under the recorded one. */
  replayer(policyFile: string | null): Promise<Replayer>;
}
