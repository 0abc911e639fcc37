import type { PageMessage } from '../model/page.js';

/** Tells a person. Never decides anything, never fails the pass. */
export interface Notifier {
  page(message: PageMessage): void;
}
