import { z } from 'zod';
import type { VetoHookConfig } from '../../model/notify.js';
import type { VetoAnswer, VetoQuestion } from '../../model/veto.js';
import type { VetoPort } from '../../ports/veto.js';
import { baseAddress, closingAgent, excerpt, exchange } from '../patroni/exchange.js';
import { connects, jsonHeaders } from './http.js';

const MOST_BYTES = 64 * 1024;
const MOST_SECONDS = 86_400;
const LONGEST_REASON = 500;

const ANSWER = z.object({
  answer: z.enum(['go', 'veto']),
  reason: z.string().default(''),
  /** How long a veto counts. */
  forSeconds: z.number().min(1).max(MOST_SECONDS).nullish(),
});

/**
 * The veto hook: one POST of JSON, of which the answer is awaited until the deadline. A status other than 2xx, a redirect or a body of another
 * form is silence, never a go. `redact` takes secrets out of what is sent and of what comes back.
 */
export function vetoHook(
  { hook: { url: address, secret, tls }, deadlineMs }: VetoHookConfig,
  instance: string,
  redact: { readonly text: (text: string) => string; readonly json: (json: string) => string },
): VetoPort {
  const agent = closingAgent({ tls, timeoutMs: deadlineMs });
  const url = baseAddress(address);

  async function ask(question: VetoQuestion): Promise<VetoAnswer> {
    const body = redact.json(bodyOf(question, deadlineMs, instance));
    const headers = jsonHeaders(body, secret, question.askedAtMs);
    const answer = await exchange(agent, { method: 'POST', url, headers, body, deadlineMs, maxBytes: MOST_BYTES });
    if (answer.kind === 'fault') return { kind: 'silent', because: redact.text(answer.fault.why) };
    if (answer.status < 200 || answer.status > 299)
      return { kind: 'silent', because: redact.text(`status ${answer.status} ${excerpt(answer.body, 160)}`.trim()) };
    return said(answer.body, redact.text);
  }

  return {
    deadlineMs,
    ask,
    reach: () => connects(agent, url, deadlineMs),
    close: () => {
      void agent.destroy();
    },
  };
}

const bodyOf = ({ id, scope, plan, why, requests, askedAtMs }: VetoQuestion, deadlineMs: number, by: string): string =>
  JSON.stringify({
    version: 1,
    id,
    by,
    cluster: scope,
    action: plan.action,
    target: plan.target,
    problem: plan.because,
    why,
    requests,
    askedAt: new Date(askedAtMs).toISOString(),
    answerBy: new Date(askedAtMs + deadlineMs).toISOString(),
  });

function said(body: string, redact: (text: string) => string): VetoAnswer {
  const found = ANSWER.safeParse(jsonOf(body));
  if (!found.success)
    return {
      kind: 'silent',
      because: `its answer is no {"answer": "go"} or {"answer": "veto", "reason": ...}: ${redact(excerpt(body, 80))}`,
    };
  const { answer, reason, forSeconds } = found.data;
  const because = redact(excerpt(reason, LONGEST_REASON));
  if (answer === 'go') return { kind: 'go', because };
  return {
    kind: 'veto',
    because: because === '' ? 'no reason given' : because,
    forMs: forSeconds == null ? null : forSeconds * 1000,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
