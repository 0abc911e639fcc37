import type { Level } from '../../api/overview.js';
import { clean } from './paint.js';

export interface CheckResult {
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly level: Level;
  /** The one line of a monitoring plugin: text, bar, performance data. */
  readonly line: string;
}

/** When there is nothing to judge: the plugin's UNKNOWN, never an OK and never a stack trace. */
export const checkFailed = (why: string): CheckResult => ({
  exitCode: 3,
  level: 'unknown',
  line: `EKIMI UNKNOWN - ${plain(why)}`,
});

/** One line, in which several faults stand one after the other. The bar begins performance data; it must not come from a name. */
export const plain = (text: string): string =>
  clean(text.replaceAll(/:\s*\n\s*/g, ': ').replaceAll(/\s*\n\s*/g, '; ')).replaceAll('|', '/');
