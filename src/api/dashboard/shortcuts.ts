/** What a key does, in the order of the help; `keys.ts` has what is done. */
export const SHORTCUTS = {
  '?': 'this help',
  a: 'to what waits for an approval',
  i: 'to the incidents',
  t: 'to the timeline',
  p: 'to the problems',
  d: 'to the decisions',
  j: 'to the journal',
  m: 'to the members',
  n: 'back to now, from a past moment',
  u: 'times in UTC or local',
  g: 'all clusters',
} as const;
export type Shortcut = keyof typeof SHORTCUTS;
