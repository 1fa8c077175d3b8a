import { z } from 'zod';

/** Where a controller is heard: an IP address and a port. */
const place = z.object({ address: z.string(), port: z.int() });
export type Place = z.infer<typeof place>;

/** A change of a controller's network of which it is not yet known where it led. */
export const openMove = z
  .object({
    from: place,
    to: place,
    since: z.iso.datetime(),
    operation_id: z.uuid(),
  })
  .meta({ id: 'OpenMove' });
export type OpenMove = z.infer<typeof openMove>;
