import type { Reply, Step } from '../model/plan.js';
import type { ProxyView } from '../model/proxy.js';
import type { Reading } from '../model/reading.js';
import type { RightSeen } from '../model/rights.js';

/** HAProxy: statistics CSV and `show servers state` as one view, and the runtime API for commands. */
export interface ProxyPort {
  /** False: statistics only, no runtime API to send to. */
  readonly canSend: boolean;
  view(): Promise<Reading<ProxyView>>;
  send(step: Extract<Step, { port: 'proxy' }>): Promise<Reply>;
  /** What its runtime API lets us do. For the doctor alone; absent where nobody can be asked. */
  rights?(): Promise<readonly RightSeen[]>;
  close(): Promise<void>;
}
