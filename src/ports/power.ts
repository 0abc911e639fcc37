import type { MemberName } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import type { PowerStatus } from '../model/power.js';
import type { Reading } from '../model/reading.js';

/** What cuts the power of a member's machine. It has no way to give it back: that is a person's. */
export interface PowerPort {
  status(member: MemberName): Promise<Reading<PowerStatus>>;
  send(step: Extract<Step, { port: 'power' }>): Promise<Reply>;
  close(): Promise<void>;
}
