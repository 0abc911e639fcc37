import type { Delivered, Outgoing } from '../model/notify.js';

/** One channel to persons. Never throws. */
export interface NotifyChannelPort {
  /** Sends once, within its deadline. */
  send(message: Outgoing, nowMs: number): Promise<Delivered>;
  /** Connects without a message; null: something answers there, else why not. */
  reach(): Promise<string | null>;
  close(): void;
}
