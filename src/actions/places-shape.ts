import { z } from 'zod';

/** Servers that a plan is bound to, as its parameters hold them. */
export const PLACES = z
  .array(z.object({ proxy: z.string(), backend: z.string(), server: z.string() }).readonly())
  .readonly();
