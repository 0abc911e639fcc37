import type { ChannelHealth, FailingChannel } from '../model/notify-health.js';
import type { PageMessage } from '../model/page.js';

/** Tells a person. Never decides anything, never fails the pass. */
export interface Notifier {
  page(message: PageMessage): void;
}

/** How the channels behind a notifier do. From memory: nobody waits for it. */
export interface NotifyHealthPort {
  failing(): readonly FailingChannel[];
  health(): readonly ChannelHealth[];
}
