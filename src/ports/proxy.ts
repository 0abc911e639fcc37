import type { Reply, Step } from '../model/plan.js';
import type { ProxyView } from '../model/proxy.js';
import type { Reading } from '../model/reading.js';

/** HAProxy: statistics CSV and `show servers state` as one view, and the runtime API for commands. */
export interface ProxyPort {
  /** False: statistics only, no runtime API to send to. */
  readonly canSend: boolean;
  view(): Promise<Reading<ProxyView>>;
  send(step: Extract<Step, { port: 'proxy' }>): Promise<Reply>;
  close(): Promise<void>;
}
