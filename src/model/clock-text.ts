/** `02:00:10Z`: a moment as it stands in sentences for people, who read it on the same day. */
export const clockText = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)}Z`;
