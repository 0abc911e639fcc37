import type { Lab } from './lab.js';

/** What the run measured, for people: one line a figure on standard output. */
export function figure(
  lab: Lab,
  what: string,
  { faultAtMs, sentAtMs, healedAtMs }: { faultAtMs: number; sentAtMs: number; healedAtMs: number },
): void {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  console.info(
    `Patroni ${lab.patroni}, ${what}: ${seconds(sentAtMs - faultAtMs)} from fault to request, ${seconds(healedAtMs - sentAtMs)} from request to healed`,
  );
}
