import { connect as open, isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { TlsConfig } from '../../model/tls.js';
import { pem } from './pem.js';

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** PostgreSQL speaks its own protocol first. */
  readonly isPostgres: boolean;
  readonly tls: TlsConfig | null;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * When the certificate ends that a peer presents, milliseconds since the epoch. Nothing is sent over the connection, and it is not asked who
 * signed it: one that has ended is to be told, not refused. Rejects when there is none within `patienceMs`.
 */
export function peerEndsAtMs({ host, port, isPostgres, tls }: Peer, patienceMs: number): Promise<number> {
  const socket = open({ host, port });
  return new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('no answer in time'));
    }, patienceMs);
    const greet = (): void => {
      secured(socket, host, tls, resolve, reject);
    };
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('the connection was closed'));
    });
    socket.once('connect', () => {
      if (!isPostgres) {
        greet();
        return;
      }
      socket.once('data', (answer) => {
        if (answer[0] === 0x53) greet();
        else reject(new Error('PostgreSQL speaks no TLS there'));
      });
      socket.write(SSL_REQUEST);
    });
  }).finally(() => socket.destroy());
}

function secured(
  socket: Socket,
  host: string,
  tls: TlsConfig | null,
  resolve: (endsAtMs: number) => void,
  reject: (error: Error) => void,
): void {
  try {
    const secure = connect({
      socket,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(tls?.cert == null || tls.key === null ? {} : { cert: pem(tls.cert), key: pem(tls.key) }),
    });
    secure.once('error', reject);
    secure.once('secureConnect', () => {
      const endsAtMs = Date.parse(secure.getPeerCertificate().valid_to);
      if (Number.isNaN(endsAtMs)) reject(new Error('it presents no certificate'));
      else resolve(endsAtMs);
    });
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
}
