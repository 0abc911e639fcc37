import type { Notice, NotificationsConfig, NotifyKind } from '../model/notify.js';
import type { CronWindow } from '../model/policy.js';

const SPECIAL = /[\\^$.+?()[\]{}|]/g;

/** `*` stands for any characters; all else for itself. */
export const globMatches = (glob: string, text: string): boolean =>
  new RegExp(`^${glob.replaceAll(SPECIAL, '\\$&').replaceAll('*', '.*')}$`, 'su').test(text);

/** They count by incident: what is told under one key is one thing there, and its end closes it. */
export const isKeyed = (kind: NotifyKind): boolean => kind === 'pagerduty' || kind === 'alertmanager';

/** The channels that routes name for this. Without routes: all. A fault of a channel is not told to itself. */
export function routed(
  { channels, routes }: Pick<NotificationsConfig, 'channels' | 'routes'>,
  notice: Pick<Notice, 'code' | 'level' | 'subject' | 'scope' | 'atMs'>,
  isOpen: (window: CronWindow, atMs: number) => boolean,
): readonly string[] {
  const { level, subject, scope, atMs } = notice;
  const fits = routes.filter(
    (route) =>
      route.levels.includes(level) &&
      route.subjects.some((glob) => globMatches(glob, subject)) &&
      route.clusters.some((glob) => globMatches(glob, scope)) &&
      (route.during === null || isOpen(route.during, atMs)),
  );
  const names = new Set(fits.flatMap(({ to }) => to));
  return channels.map(({ name }) => name).filter((name) => routes.length === 0 || names.has(name));
}
