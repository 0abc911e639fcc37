import type { EkimiConfig } from '../model/config.js';
import { REMEDY } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { redactorOf } from '../config/redactor.js';
import { notifyChannelsOf, vetoHook } from './wiring.js';

/** Connects to each channel to persons; a mail server also hears our login. No message is sent, so that none arriving stays to be seen. */
export async function channelRows(config: EkimiConfig): Promise<readonly DoctorFinding[]> {
  const { notifications } = config;
  if (notifications === undefined) {
    const detail = 'persons are told in the log alone: no `notifications` are configured';
    return [{ check: 'notifications', verdict: 'off', detail, disables: [], remedy: REMEDY.notifications }];
  }
  const redact = redactorOf(config).text;
  const ports = notifyChannelsOf(notifications);
  const rows = await Promise.all(
    notifications.channels.map(async ({ kind, name }): Promise<DoctorFinding> => {
      const why = (await ports[name]?.reach()) ?? null;
      const check = `notify ${name}`;
      return why === null
        ? {
            check,
            verdict: 'ok',
            detail: `${kind} answers; whether a message arrives: ekimi notify test ${name}`,
            disables: [],
          }
        : {
            check,
            verdict: 'warn',
            detail: `${kind}: ${redact(why)}`,
            disables: [`telling persons by ${name}`],
            remedy: `correct the channel ${name} under notifications; then: ekimi notify test ${name}`,
          };
    }),
  );
  for (const port of Object.values(ports)) port.close();
  return [...rows, ...(await vetoRow(config, redact))];
}

/** Connects to the veto hook; it is asked for no veto, which would stand in its log as a question. None where none is configured. */
async function vetoRow(
  { notifications, instance }: EkimiConfig,
  redact: (text: string) => string,
): Promise<readonly DoctorFinding[]> {
  const hook = notifications?.veto;
  if (hook === undefined) return [];
  const port = vetoHook(hook, instance, { text: redact, json: redact });
  const why = await port.reach();
  port.close();
  const check = 'notify veto hook';
  if (why === null)
    return [{ check, verdict: 'ok', detail: 'the veto hook takes a connection; it was asked nothing', disables: [] }];
  return [
    {
      check,
      verdict: 'warn',
      detail: `veto hook: ${redact(why)}`,
      disables: ['what it is asked about, unless veto.onSilence is go'],
      remedy: 'start the hook, or correct notifications.veto.url and its TLS',
    },
  ];
}
