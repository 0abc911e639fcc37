import { isIPv6 } from 'node:net';

export interface LockoutLimits {
  /** So many wrong tokens within `withinMs` lock their address for `lockedMs`. */
  readonly wrong: number;
  readonly withinMs: number;
  readonly lockedMs: number;
  /** More are not remembered: the one that was wrong first is forgotten. */
  readonly addresses: number;
}

const LOCKOUT: LockoutLimits = { wrong: 10, withinMs: 60_000, lockedMs: 60_000, addresses: 1_000 };

/** What can be guessed in practice: from a locked address such a token is not even compared. */
const GUESSABLE_CHARS = 16;

interface Row {
  readonly sinceMs: number;
  readonly wrong: number;
  readonly lockedUntilMs: number;
}

/**
 * Wrong tokens by address. A right token of 16 characters or more passes from a locked address too: whoever shares it with an attacker (a
 * jump host, a proxy, this very host) must reach the kill switch. Such a token cannot be guessed; a shorter one waits.
 */
export class Lockout {
  readonly #rows = new Map<string, Row>();
  readonly #now: () => number;
  readonly #limits: LockoutLimits;

  constructor(now: () => number, limits: LockoutLimits = LOCKOUT) {
    this.#now = now;
    this.#limits = limits;
  }

  /** How many addresses it remembers. */
  get size(): number {
    return this.#rows.size;
  }

  /** Milliseconds until that address is no longer locked; 0: it is not. */
  lockedMs(address: string): number {
    return Math.max(0, (this.#rows.get(nameOf(address))?.lockedUntilMs ?? 0) - this.#now());
  }

  /** Whether a token of this length is compared at all. */
  hears(address: string, token: string): boolean {
    return token.length >= GUESSABLE_CHARS || this.lockedMs(address) === 0;
  }

  /** Notes a wrong token; true: with this one its address is locked, which is told once. */
  wrong(address: string): boolean {
    const nowMs = this.#now();
    const name = nameOf(address);
    const before = this.#rows.get(name);
    const isRecent = before !== undefined && nowMs - before.sinceMs < this.#limits.withinMs;
    // Further ones neither prolong it nor count for the next: a forgotten script would lock its host for ever.
    if (before !== undefined && before.lockedUntilMs > nowMs) return false;
    const wrong = (isRecent ? before.wrong : 0) + 1;
    const locks = wrong >= this.#limits.wrong;
    const row: Row = {
      sinceMs: isRecent ? before.sinceMs : nowMs,
      wrong: locks ? 0 : wrong,
      lockedUntilMs: locks ? nowMs + this.#limits.lockedMs : (before?.lockedUntilMs ?? 0),
    };
    this.#rows.delete(name);
    this.#rows.set(name, row);
    const [oldest] = this.#rows.keys();
    if (this.#rows.size > this.#limits.addresses && oldest !== undefined) this.#rows.delete(oldest);
    return locks;
  }
}

/** An IPv6 host has a whole /64 to come from. */
function nameOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address;
  const [head = ''] = address.split('::', 1);
  return head.split(':').slice(0, 4).join(':');
}
