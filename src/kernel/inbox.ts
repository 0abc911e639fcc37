import type { AskedProcedure } from '../decide/procedures.js';
import type { ProcedureAnswer } from '../model/procedure.js';

/** A person's request on its way to the next pass. */
export interface Asked {
  readonly procedure: AskedProcedure;
  readonly atMs: number;
  readonly answer: (answer: ProcedureAnswer) => void;
}

/**
 * What comes from outside: late answers, approvals, switches, a new policy. It is taken one after the other at the head of a pass and
 * nowhere else, so that nothing moves under a pass, also while a request is out. Orders wait for the end of the pass that takes them.
 */
export interface Inbox {
  put(letter: () => Promise<void>): void;
  /** Applies all letters. One that throws is over: the next is the next pass's. */
  take(): Promise<void>;
  order(asked: Asked): void;
  /** The next order; undefined: none is left. */
  nextOrder(): Asked | undefined;
}

export function openInbox(): Inbox {
  const letters: (() => Promise<void>)[] = [];
  const orders: Asked[] = [];
  return {
    put: (letter) => {
      letters.push(letter);
    },
    take: async () => {
      for (let letter = letters.shift(); letter !== undefined; letter = letters.shift()) await letter();
    },
    order: (asked) => {
      orders.push(asked);
    },
    nextOrder: () => orders.shift(),
  };
}
