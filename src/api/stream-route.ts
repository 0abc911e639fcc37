import type { FastifyInstance } from 'fastify';
import { SECURITY_HEADERS } from './assets.js';
import { ApiError } from './errors.js';
import { STREAM_QUERY, type EventStreams, type StreamWish } from './events.js';
import type { Guard } from './guard.js';

/** `/v1/events`: the one answer that does not end. */
export function addEvents(app: FastifyInstance, guard: Guard, streams: EventStreams): void {
  app.get('/v1/events', { exposeHeadRoute: false, schema: STREAM_QUERY }, (request, reply) => {
    guard.authorized('viewer', request);
    if (!streams.hasRoom)
      throw new ApiError('too-many-streams', `${streams.size} event streams are open, as many as api.streams allows`);
    const lastId = request.headers['last-event-id'];
    const { form = 'whole' } = request.query as Partial<StreamWish>;
    // Its address is gone with its socket.
    const { raw, headers, socket } = request;
    reply.hijack();
    reply.raw.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx in front would otherwise hold events back until its buffer is full
      'x-accel-buffering': 'no',
    });
    streams.add(reply.raw, {
      form,
      lastId: typeof lastId === 'string' ? lastId : null,
      isStillLet: () => guard.stillLets('viewer', { raw, headers, socket }),
    });
  });
}
