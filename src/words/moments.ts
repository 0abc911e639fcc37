/** `02:00:10Z`: a moment as it stands in sentences for people, who read it on the same day. */
export const clockText = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)}Z`;

/** `2026-01-15 02:00Z`: a moment of a calendar, which has no seconds. */
export const minuteText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')}Z`;

/** `2026-01-15 02:00:10Z`: a moment that may be on another day. */
export const dayText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
