import { Etcd3, type IOptions } from 'etcd3';
import type { ClusterConfig } from '../../model/config.js';
import { credentialsOf } from './tls.js';

export type DcsConfig = ClusterConfig['dcs'];

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/**
 * etcd3's own fault handling repeats a failed call three times, each with a new deadline, and its circuit breaker refuses calls to an
 * endpoint that is long back. We choose the endpoint and the deadline ourselves, so its policy is: once. Only `execute` is ever called.
 */
const once = { execute: async (call: () => unknown) => await call() } as unknown as Policy;

/**
 * - keepalive: without it a half-open connection is never noticed. Not below 10 s: etcd hangs up on clients that ping more often than 5 s.
 * - reconnect back-off: gRPC's own grows to 120 s, during which an endpoint that is back looks dead.
 */
const GRPC_OPTIONS = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
} as const;

/** A client of exactly one endpoint. `anonymous` leaves the credentials out, for calls that etcd answers to anybody. */
export function clientOf(dcs: DcsConfig, url: string, deadlineMs: number, anonymous = false): Etcd3 {
  const credentials = credentialsOf(dcs.tls);
  return new Etcd3({
    hosts: [url],
    grpcOptions: GRPC_OPTIONS,
    faultHandling: { host: () => once, global: once },
    // A net for calls that bring no deadline of their own, the token exchange above all. gRPC wants the machine's wall clock.
    defaultCallOptions: (call) => (call.isStream ? {} : { deadline: Date.now() + deadlineMs }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(dcs.auth === null || anonymous ? {} : { auth: { username: dcs.auth.username, password: dcs.auth.password } }),
  });
}
