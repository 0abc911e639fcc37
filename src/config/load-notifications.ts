import type { NotificationsConfig, NotifyChannel, NotifyKind, NotifyRoute, VetoHookConfig } from '../model/notify.js';
import type { ConfigValues } from './read-values.js';
import type { SecretReader } from './secret-reader.js';

type Values = NonNullable<ConfigValues['notifications']>;

/** What names one channel in the file. */
const keyOf = (kind: NotifyKind, name: string): string => `notifications.${kind}.${name}`;

/** Completes `notifications`: secrets resolved, contacts replaced by their channels. */
export function notificationsOf(values: Values, secrets: SecretReader): NotificationsConfig {
  const { link, spool, digest, deadline, contacts } = values;
  const channels = channelsOf(values, secrets);
  const resolved = (to: readonly string[]): readonly string[] => [
    ...new Set(to.flatMap((one) => contacts[one] ?? [one])),
  ];
  return {
    link,
    spool: { directory: secrets.path(spool.directory), maxBytes: spool.maxSize },
    deadlineMs: deadline,
    digest: { count: digest.count, withinMs: digest.within },
    channels,
    ...(values.veto && { veto: vetoOf(values.veto, secrets) }),
    escalation: values.escalation.map(({ after, to, levels }) => ({ afterMs: after, to: resolved(to), levels })),
    ...(values.reports.length === 0
      ? {}
      : {
          reports: values.reports.map(({ covers, to, ...report }) => ({
            ...report,
            coversMs: covers,
            to: resolved(to),
          })),
        }),
    routes: values.routes.map(({ during, ...route }): NotifyRoute => ({
      ...route,
      to: resolved(route.to),
      during: during && { cron: during.cron, forMs: during.for, timezone: during.timezone, reason: '' },
    })),
  };
}

function vetoOf({ url, deadline, tls, ...from }: NonNullable<Values['veto']>, secrets: SecretReader): VetoHookConfig {
  const at = 'notifications.veto';
  const secret = secrets.optional(at, 'secret', from.secretEnv, from.secretFile);
  const hook = { kind: 'webhook' as const, name: 'veto', url, secret, tls: secrets.tls(`${at}.tls`, tls) };
  return { hook, deadlineMs: deadline };
}

function channelsOf(values: Values, secrets: SecretReader): readonly NotifyChannel[] {
  const each = <V, C extends NotifyChannel>(
    kind: C['kind'],
    named: Readonly<Record<string, V>>,
    make: (value: V, at: string, name: string) => C,
  ): readonly NotifyChannel[] => Object.entries(named).map(([name, value]) => make(value, keyOf(kind, name), name));
  return [
    ...each('pagerduty', values.pagerduty, ({ url, tls, ...from }, at, name) => ({
      kind: 'pagerduty' as const,
      name,
      url,
      routingKey: secrets.required(at, 'routingKey', from.routingKeyEnv, from.routingKeyFile),
      tls: secrets.tls(`${at}.tls`, tls),
    })),
    ...each('slack', values.slack, ({ tls, ...from }, at, name) => ({
      kind: 'slack' as const,
      name,
      url: secrets.required(at, 'url', from.urlEnv, from.urlFile),
      tls: secrets.tls(`${at}.tls`, tls),
    })),
    ...each('webhook', values.webhook, ({ url, tls, ...from }, at, name) => ({
      kind: 'webhook' as const,
      name,
      url,
      secret: secrets.optional(at, 'secret', from.secretEnv, from.secretFile),
      tls: secrets.tls(`${at}.tls`, tls),
    })),
    ...each('alertmanager', values.alertmanager, ({ url, auth, tls }, at, name) => ({
      kind: 'alertmanager' as const,
      name,
      url,
      auth: secrets.auth(`${at}.auth`, auth),
      tls: secrets.tls(`${at}.tls`, tls),
    })),
    ...each('email', values.email, ({ server, auth, tls, ...rest }, at, name) => ({
      kind: 'email' as const,
      name,
      ...server,
      ...rest,
      auth: secrets.auth(`${at}.auth`, auth),
      tls: secrets.tls(`${at}.tls`, tls),
    })),
  ];
}
