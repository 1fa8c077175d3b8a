import { z } from 'zod';
import { typePattern } from './event.ts';
import { tag } from './host-name.ts';
import { link } from './link.ts';
import { isWebhookSecret, webhookSecretPattern } from './webhook.ts';
import { Secret } from './secret.ts';

/** Where events of a project are sent to. */
export interface Subscription {
  readonly id: string;
  readonly projectId: string;
  readonly url: string;
  /** Patterns of types; empty: all. */
  readonly types: readonly string[];
  /** Only what happens to these; empty: to any. */
  readonly machineIds: readonly string[];
  /** Only what happens to machines that carry each of them. */
  readonly tags: readonly string[];
  readonly description: string;
  readonly enabled: boolean;
  readonly createdBy: { readonly id: string; readonly name: string };
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** Waiting to be sent, and given up. */
  readonly queued: number;
  readonly dead: number;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const deliveryState = z.enum(['queued', 'delivered', 'dead']);
export type DeliveryState = z.infer<typeof deliveryState>;

/** One event for one subscription. */
export interface Delivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly eventId: string;
  readonly type: string;
  readonly subject: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly nextAt: Date;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** `https://host/path`: without credentials, which would stand in logs, and without a fragment, which is not sent. */
const receiver = z
  .string()
  .max(2048)
  .refine((text) => isReceiver(text), 'must be an address such as https://example.com/hook, without credentials');

const isReceiver = (text: string): boolean => {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash, hostname } = new URL(text);
  return `${username}${password}${hash}` === '' && hostname !== '';
};

/** What is given of a subscription. */
export const subscriptionFields = {
  url: receiver.describe('Where each event is POSTed to'),
  secret: z
    .string()
    .max(128)
    .regex(webhookSecretPattern, 'must be whsec_ and 24 to 64 bytes in Base64')
    .transform((value) => new Secret(value))
    .refine(isWebhookSecret, 'must be whsec_ and 24 to 64 bytes in Base64')
    .meta({ secret: true, description: 'Write-only: the key that deliveries are signed with' }),
  types: z.array(typePattern).max(32).describe('Only these, or such as igor.grant.*; empty: all'),
  machine_ids: z.array(z.uuid()).max(1000).describe('Only what happens to these machines; empty: to any'),
  tags: z.array(tag).max(50).describe('Only what happens to machines that carry each of them'),
  description: z.string().max(1000),
  enabled: z.boolean().describe('false: nothing is sent, and nothing is kept to be sent later'),
};

export const subscriptionBody = z
  .object({
    id: z.uuid(),
    project_id: z.string(),
    url: z.string(),
    types: z.array(z.string()),
    machine_ids: z.array(z.uuid()),
    tags: z.array(z.string()),
    description: z.string(),
    enabled: z.boolean(),
    created_by: z.object({ id: z.string(), name: z.string() }),
    failures: z.int().describe('Attempts in a row that failed'),
    queued: z.int().describe('Deliveries that wait; the first is tried again before another one is sent'),
    dead: z.int().describe('Deliveries that were given up'),
    revision: z.int(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    links: z.array(link),
  })
  .meta({ id: 'Subscription' });

export const subscriptionToWire = (
  one: Subscription,
  href: (path: string) => string,
): z.input<typeof subscriptionBody> => ({
  id: one.id,
  project_id: one.projectId,
  url: one.url,
  types: [...one.types],
  machine_ids: [...one.machineIds],
  tags: [...one.tags],
  description: one.description,
  enabled: one.enabled,
  created_by: one.createdBy,
  failures: one.failures,
  queued: one.queued,
  dead: one.dead,
  revision: one.revision,
  created_at: one.createdAt.toISOString(),
  updated_at: one.updatedAt.toISOString(),
  links: [{ rel: 'self', href: href(`/v1/subscriptions/${one.id}`) }],
});

export const deliveryBody = z
  .object({
    id: z.uuid(),
    subscription_id: z.uuid(),
    event_id: z.string().describe('The id of the event, and the webhook-id that it is sent with'),
    type: z.string(),
    subject: z.string(),
    state: deliveryState.describe('dead: given up'),
    attempts: z.int(),
    next_at: z.iso.datetime().nullable().describe('When it is tried, or tried again; null: it is not'),
    last_status: z.int().nullable().describe('What the receiver answered last'),
    last_error: z.string().nullable().describe('Why the last attempt failed'),
    created_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Delivery' });

export const deliveryToWire = (one: Delivery): z.input<typeof deliveryBody> => ({
  id: one.id,
  subscription_id: one.subscriptionId,
  event_id: one.eventId,
  type: one.type,
  subject: one.subject,
  state: one.state,
  attempts: one.attempts,
  next_at: one.state === 'queued' ? one.nextAt.toISOString() : null,
  last_status: one.lastStatus,
  last_error: one.lastError,
  created_at: one.createdAt.toISOString(),
  ended_at: one.endedAt?.toISOString() ?? null,
});
