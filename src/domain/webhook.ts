import { createHmac } from 'node:crypto';
import type { Secret } from './secret.ts';

/** What a receiver's key looks like: `whsec_` and 24 to 64 bytes in Base64. */
export const webhookSecretPattern = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;

const keyOf = (secret: Secret): Buffer => Buffer.from(secret.reveal().slice('whsec_'.length), 'base64');

/** Whether it is a key of a length that is worth something. */
export const isWebhookSecret = (secret: Secret): boolean => {
  const { length } = keyOf(secret);
  return webhookSecretPattern.test(secret.reveal()) && length >= 24 && length <= 64;
};

/**
 * The headers by which a receiver tells that a body is ours, unchanged and fresh (Standard Webhooks 1.0.0): HMAC-SHA256 of
 * `id.timestamp.body`. The id stays the same however often it is sent.
 */
export const webhookHeaders = (
  secret: Secret,
  { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string },
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
};

const firstMs = 5_000;
const mostMs = 3_600_000;
/** After so long it is given up. */
export const giveUpMs = 24 * 3_600_000;

/** How long to wait after so many failed attempts: 5 seconds, doubled each time, an hour at most; or as the receiver asks. */
export const backOff = (attempts: number, askedMs: number | null): number =>
  Math.min(mostMs, Math.max(firstMs * 2 ** Math.min(attempts - 1, 20), askedMs ?? 0));
