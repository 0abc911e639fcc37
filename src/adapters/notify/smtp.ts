import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Delivered, NotifyChannel, Outgoing } from '../../model/notify.js';
import type { NotifyChannelPort } from '../../ports/notify-channel.js';
import { secureOptions } from '../tls/pem.js';

type MailChannel = Extract<NotifyChannel, { kind: 'email' }>;
type Mail = Extract<Outgoing, { via: 'mail' }>;

/** Loaded with the first mail: most daemons send none. */
const nodemailer = () => import('nodemailer');

async function transportOf({ host, port, security, auth, tls }: MailChannel, deadlineMs: number) {
  const { createTransport } = await nodemailer();
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(auth && { auth: { user: auth.username, pass: auth.password } }),
    ...(tls && { tls: secureOptions(tls) }),
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** What belongs to one key stands in one thread. */
const threadId = (thread: string): string =>
  `<${createHash('sha256').update(thread).digest('hex').slice(0, 32)}@ekimi.${hostname().replaceAll(/[^\w.-]/g, '-')}>`;

const mailOf = ({ from, to }: MailChannel, { subject, text, html, thread }: Mail) => ({
  from,
  to: [...to],
  subject,
  text,
  html,
  references: threadId(thread),
  inReplyTo: threadId(thread),
  headers: { 'Auto-Submitted': 'auto-generated' },
});

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200);

/**
 * The whole message was refused for good: 552 to 554 behind DATA speak of the message itself; other 5xx, and those to a sender or a recipient,
 * of logins, addresses and mailboxes that may be mended.
 */
const isRefusal = (error: unknown): boolean => {
  if (!(error instanceof Error) || !('command' in error) || error.command !== 'DATA') return false;
  const code = 'responseCode' in error ? Number(error.responseCode) : Number.NaN;
  return code >= 552 && code <= 554;
};

/** Mail by SMTP. Each is a connection of its own: mails are rare, and servers close what is idle. */
export function mailChannel(channel: MailChannel, deadlineMs: number): NotifyChannelPort {
  async function within<T>(work: (transport: Awaited<ReturnType<typeof transportOf>>) => Promise<T>): Promise<T> {
    const transport = await transportOf(channel, deadlineMs);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error('no answer in time'));
      }, deadlineMs);
    });
    try {
      return await Promise.race([work(transport), late]);
    } finally {
      clearTimeout(timer);
      transport.close();
    }
  }

  async function mail(message: Mail): Promise<Delivered> {
    try {
      await within((transport) => transport.sendMail(mailOf(channel, message)));
      return { kind: 'sent' };
    } catch (error) {
      return { kind: isRefusal(error) ? 'refused' : 'retry', why: wordsOf(error) };
    }
  }

  return {
    send: (message) =>
      message.via === 'mail' ? mail(message) : Promise.resolve({ kind: 'refused', why: 'only a mail is sent there' }),
    reach: () =>
      within((transport) => transport.verify()).then(
        () => null,
        (error: unknown) => wordsOf(error),
      ),
    close: () => undefined,
  };
}
