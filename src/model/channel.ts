/** Independent ways to know something. Two of these must agree before anything risky. */
export const CHANNELS = ['api', 'peers', 'dcs', 'sql', 'proxy', 'pooler', 'host', 'self'] as const;
export type Channel = (typeof CHANNELS)[number];

/** One observation that speaks for a problem, in words that an operator can check. */
export interface Evidence {
  readonly channel: Channel;
  readonly text: string;
  readonly atMs: number;
}
