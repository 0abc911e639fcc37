/**
 * Histories that die or stand still at a point are told at every so manyth point, so that the suite stays short; `npm run every-point` tells
 * them at each. Both draw the same points every time.
 */
export const isEveryPoint = process.env['EVERY_POINT'] === '1';

/** The distance from one point to the next: 1 with EVERY_POINT=1. */
export const everyNth = (n: number): number => (isEveryPoint ? 1 : n);
