import type { ReadingFault } from '../model/reading.js';

/** What should have come of a host driver, or of what cuts power, and what a person does about it. */
interface Advice {
  readonly expected: string;
  readonly remedy: string;
}

const NOT_THERE: Advice = {
  expected: 'a program or an engine that is there',
  remedy: 'correct the path or the address, or install it where Ekimi runs',
};
const ADVICE: Readonly<Partial<Record<ReadingFault, Advice>>> = {
  unreachable: NOT_THERE,
  refused: NOT_THERE,
  unresolved: NOT_THERE,
  closed: NOT_THERE,
  timeout: {
    expected: 'an answer within deadlines.host',
    remedy: 'run it by hand and see where it hangs: a password that it asks for, a machine that is gone, a lock',
  },
  'bad-reply': {
    expected: 'its exit code (0 and 3 of a status command, 0 of the others) and less than 1 MiB of output',
    remedy: "run it by hand as Ekimi's user, and end it with the code that it should have",
  },
  'http-status': { expected: 'an answer of the engine', remedy: "read the engine's own log" },
  denied: {
    expected: 'permission to ask',
    remedy: "give it to Ekimi's user: a group, a rule of sudo or of polkit",
  },
  'wrong-scope': {
    expected: 'an answer about the one that was asked for',
    remedy: 'correct the name of this member there: nothing is done by it until both agree',
  },
};

/** Behind what was found: what was expected, the remedy, and the key of the configuration. Empty for a fault of another kind. */
export function machineAdvice(part: 'hosts' | 'power', fault: ReadingFault): string {
  const advice = ADVICE[fault];
  return advice === undefined ? '' : `; expected ${advice.expected}: ${advice.remedy} (clusters[].${part})`;
}

/** What to do about it alone; null for a fault of another kind. */
export function machineRemedy(part: 'hosts' | 'power', fault: ReadingFault): string | null {
  const advice = ADVICE[fault];
  return advice === undefined ? null : `${advice.remedy} (clusters[].${part}; expected: ${advice.expected})`;
}

/** What is not done where the host driver gives no answer. */
export const WITHOUT_HOST = 'expedite-failover, fence-member, fence-leader and start-member';
/** Where what cuts power gives none. */
export const WITHOUT_POWER = 'fence-member and fence-leader while the host driver gives no answer';
