import type { Scope } from '../domain/caller.ts';
import type { Happened } from '../domain/event.ts';
import type { Secret } from '../domain/secret.ts';
import type { Delivery, DeliveryState, Subscription } from '../domain/subscription.ts';
import type { PlaceQuery } from './services.ts';

type Given = 'url' | 'types' | 'machineIds' | 'tags' | 'description' | 'enabled';

export interface NewSubscription extends Pick<Subscription, Given | 'projectId' | 'createdBy'> {
  readonly secret: Secret;
}

/** An absent member stays. */
export type SubscriptionChange = Partial<Pick<NewSubscription, Given | 'secret'>>;

export interface Subscriptions {
  /** Faults: `not-found`. */
  get(id: string, scope: Scope): Promise<Subscription>;
  /** Faults: `invalid-input` for an unknown marker. */
  list(query: PlaceQuery, scope: Scope): Promise<readonly Subscription[]>;
  /** Faults: `conflict` when the project has too many. */
  create(subscription: NewSubscription): Promise<Subscription>;
  /** One that is disabled loses what waits. Faults: `precondition-failed`. */
  update(id: string, change: SubscriptionChange, revision: number | null): Promise<Subscription>;
  delete(id: string, revision: number | null): Promise<void>;
  /** Queues an event for it alone. Faults: `precondition-failed`. */
  ping(id: string, event: Happened, revision: number | null): Promise<Delivery>;
  /** Faults: `invalid-input` for an unknown marker. */
  deliveries(id: string, query: PlaceQuery & { readonly state: DeliveryState | null }): Promise<readonly Delivery[]>;
  /** Queues one that was given up once more. Faults: `not-found`; `conflict` for one that was not. */
  retry(id: string, deliveryId: string, revision: number | null): Promise<Delivery>;
}

/** A subscription that this replica alone sends to, for a while. */
export interface Claim {
  readonly subscriptionId: string;
  readonly url: string;
  readonly secret: Secret;
}

/** What is sent, and how often it was tried in vain. */
export interface DueDelivery extends Happened {
  readonly deliveryId: string;
  readonly attempts: number;
  /** Since it was queued. */
  readonly ageMs: number;
}

export interface Attempt {
  readonly status: number | null;
  /** Null: it was taken. */
  readonly error: string | null;
}

/** Deliveries that wait, for whoever sends them. Every time is by the database's clock. */
export interface Outbox {
  /** Queues what has happened for who has subscribed to it, one replica at a time; whether there is more. */
  fill(): Promise<boolean>;
  /** Claims subscriptions with something due, of those that heard the last attempt or of those that did not. */
  claim(most: number, of: 'hearing' | 'deaf'): Promise<readonly Claim[]>;
  /** The first that waits, if it is due and the claim still ours; prolongs the claim. */
  next(subscriptionId: string): Promise<DueDelivery | null>;
  /** Null of `next`: it was delivered, or given up. Whether the claim was still ours. */
  settle(
    subscriptionId: string,
    deliveryId: string,
    attempt: Attempt,
    then: 'delivered' | 'dead' | { readonly againMs: number },
  ): Promise<boolean>;
  /** Nobody is there any more: what waits is given up, and nothing more is sent. */
  disable(subscriptionId: string): Promise<void>;
  /** Gives a claim back. */
  release(subscriptionId: string): Promise<void>;
  /** Removes some that ended more than so many days ago; the number of them. */
  prune(days: number): Promise<number>;
}

/** Sends one POST. Never throws: what went wrong is told. */
export interface Webhooks {
  /** Refuses an address that deliveries may not go to. Faults: `invalid-input`. */
  check(url: string, signal: AbortSignal): Promise<void>;
  send(
    url: string,
    message: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<Attempt & { readonly askedMs: number | null }>;
}
