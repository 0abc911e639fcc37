import { certificateEndMs } from '../config/pem-pair.js';
import type { EkimiConfig } from '../model/config.js';
import type { TlsConfig } from '../model/tls.js';
import { spanText } from '../words/amounts.js';
import type { DoctorFinding } from './doctor-finding.js';

const SOON_MS = 30 * 86_400_000;

/** What is to be told of when our own certificate ends; null: there is none, or it lasts for a month at least. */
export function endingText(tls: TlsConfig | null, nowMs: number): string | null {
  if (tls?.cert == null) return null;
  const endsAtMs = certificateEndMs(tls.cert);
  const at = new Date(endsAtMs).toISOString();
  if (endsAtMs <= nowMs) return `the certificate of api.tls ended at ${at}: clients refuse it`;
  return endsAtMs - nowMs > SOON_MS
    ? null
    : `the certificate of api.tls ends in ${spanText(endsAtMs - nowMs)}, at ${at}`;
}

/** Our own TLS, for whoever asks us. */
export function apiRows({ api }: EkimiConfig, nowMs: number): readonly DoctorFinding[] {
  if (api.tls?.cert == null) return [];
  const told = endingText(api.tls, nowMs);
  const endsAtMs = certificateEndMs(api.tls.cert);
  if (told === null)
    return [
      {
        check: 'api tls',
        verdict: 'ok',
        detail: `the certificate ends in ${spanText(endsAtMs - nowMs)}`,
        disables: [],
      },
    ];
  return [
    {
      check: 'api tls',
      verdict: endsAtMs <= nowMs ? 'fail' : 'warn',
      detail: told,
      disables: endsAtMs <= nowMs ? ['commands and the dashboard over https'] : [],
      remedy: 'put a new certificate and key in the files of api.tls, then send SIGHUP to the daemon',
    },
  ];
}
