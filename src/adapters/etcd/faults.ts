import type { ReadingFault } from '../../model/reading.js';

/** What a failed call proves, in our words. */
export interface Fault {
  readonly fault: ReadingFault;
  /** Half a sentence that follows an endpoint's name. Holds no secret. */
  readonly why: string;
  /** It is the word of etcd's roles, which are the same at every endpoint: the next one would say it too. */
  readonly isByRole?: true;
}

/** With these nothing was carried out: the connection was never made, or etcd looked at who asks and went no further. */
const NOTHING_DONE: readonly ReadingFault[] = ['denied', 'refused', 'unresolved'];

/** Proof that whatever was asked of this endpoint has not happened there. */
export const provesNothingDone = ({ fault }: Fault): boolean => NOTHING_DONE.includes(fault);

const BY_ROLE = /etcdserver: permission denied|PERMISSION_DENIED/i;

/**
 * gRPC and etcd say everything in one message, so the message is what there is to match. First match wins: "no leader" and
 * "request timed out" are etcd's own words for a lost quorum and must not be taken for silence.
 */
const FAULTS: readonly (readonly [message: RegExp, fault: ReadingFault, why: string])[] = [
  // First: the text of an expired deadline tells how long each part took, "name resolution" among them.
  [/ETIMEDOUT|DEADLINE_EXCEEDED|Deadline exceeded/, 'timeout', 'no answer in time'],
  [/no leader|etcdserver: request timed out|leader changed/i, 'no-quorum', 'answers that its cluster has no leader'],
  [/database space exceeded|NOSPACE/i, 'bad-reply', 'refuses every write: its database is full (alarm NOSPACE)'],
  [
    /permission denied|authentication|auth token|user name is empty|not granted|PERMISSION_DENIED|UNAUTHENTICATED/i,
    'denied',
    'refuses us: check dcs.auth and the grants on both namespaces',
  ],
  [
    /certificate|self.signed|altname|ERR_TLS|SSL|wrong version number/i,
    'denied',
    'TLS: the two ends do not trust each other',
  ],
  [/ECONNREFUSED/, 'refused', 'connection refused: the host is up and nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN|[Nn]ame resolution failed/, 'unresolved', 'the host name does not resolve'],
  [/EHOSTUNREACH|ENETUNREACH|EHOSTDOWN/, 'unreachable', 'there is no way to it'],
  [/ETIMEDOUT|DEADLINE_EXCEEDED|[Dd]eadline exceeded/, 'timeout', 'no answer in time'],
  [
    /ECONNRESET|EPIPE|closed|dropped|CANCELLED|server stopped/i,
    'closed',
    'the connection was closed without an answer',
  ],
];

/** What gRPC says to its own developers. */
const GRPC_NOISE = /^\d+ [A-Z_]+: |No connection established\.?|Last error:(?: null\.?| Error:)?|Resolution note:.*$/g;

/** etcd itself looked at who asks and said no: it lives, and the connection is good. What TLS says is not its word. */
export const isOwnRefusal = (error: unknown): boolean =>
  faultOf(error).fault === 'denied' && String(error instanceof Error ? error.message : error).includes('etcdserver:');

/** Sorts an error of etcd3 or gRPC. What we do not know is `unreachable` for a transport error and `bad-reply` for etcd's own words. */
export function faultOf(error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, fault, why] of FAULTS) {
    if (pattern.test(message)) return { fault, why, ...(BY_ROLE.test(message) && { isByRole: true as const }) };
  }
  const text = message.replace(GRPC_NOISE, '').replace(/\s+/g, ' ').trim().slice(0, 200);
  return {
    fault: message.includes('etcdserver') ? 'bad-reply' : 'unreachable',
    why: text === '' ? 'no connection' : text,
  };
}

export interface EndpointFault extends Fault {
  readonly endpoint: string;
}

/** What several failed endpoints prove together: the weakest of the claims, because only all of them speak for the cluster. */
export function togetherOf(faults: readonly EndpointFault[]): Fault {
  const order: readonly ReadingFault[] = [
    'no-quorum',
    'denied',
    'bad-reply',
    'timeout',
    'closed',
    'unresolved',
    'unreachable',
    'refused',
  ];
  const worst = order.find((fault) => faults.some((one) => one.fault === fault)) ?? 'unreachable';
  return { fault: worst, why: faults.map((one) => `${one.endpoint} ${one.why}`).join('; ') };
}
