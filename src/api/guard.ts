import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '../model/config.js';
import { authorize, type Access, type Caller, type Knock, type Sightings } from './auth.js';
import { ApiError } from './errors.js';
import { Lockout } from './lockout.js';

type Asked = Pick<FastifyRequest, 'raw' | 'headers' | 'socket'>;

/** Who is let in, by the tokens in force. What was seen of proxies and wrong tokens outlives a change of them. */
export class Guard {
  readonly #lockout: Lockout;
  readonly #sightings: Sightings = { proxySeen: false };
  #config: ApiConfig;

  constructor(config: ApiConfig, now: () => number) {
    this.#config = config;
    this.#lockout = new Lockout(now);
  }

  /** From the next request on these tokens count, and no other ones. */
  renew(config: ApiConfig): void {
    this.#config = config;
  }

  /** Returns who is asking (null: nobody in particular), throws ApiError where that is not enough. */
  authorized(access: Access, request: Asked): Caller | null {
    return authorize(access, knockOf(request), this.#config, this.#sightings, this.#lockout);
  }

  /** Whether what was let in would be let in now. A token that was right once is no guess: it locks nobody out. */
  stillLets(access: Access, request: Asked): boolean {
    try {
      authorize(access, knockOf(request), this.#config, this.#sightings);
      return true;
    } catch (cause) {
      if (cause instanceof ApiError) return false;
      throw cause;
    }
  }
}

const knockOf = ({ raw, headers, socket }: Asked): Knock => ({
  remoteAddress: socket.remoteAddress ?? '',
  headers,
  httpVersion: raw.httpVersion,
});
