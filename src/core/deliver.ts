import { setMaxListeners } from 'node:events';
import { toCloudEvent } from '../domain/event.ts';
import { told } from '../domain/fault.ts';
import { backOff, giveUpMs, webhookHeaders } from '../domain/webhook.ts';
import type { Bell } from '../ports/bell.ts';
import type { Log } from '../ports/services.ts';
import type { Claim, DueDelivery, Outbox, Webhooks } from '../ports/subscriptions.ts';
import { joined, pause } from './waiting.ts';

/** Sends what happens to who has subscribed to it: to each in order, to all side by side. */
export interface Deliverer {
  start(): void;
  /** Claims no more; resolves when what is under way has ended, or is cut off by the signal. */
  stop(signal: AbortSignal): Promise<void>;
}

interface Ports {
  readonly outbox: Outbox;
  readonly webhooks: Webhooks;
  readonly bell: Pick<Bell, 'on'>;
  readonly log: Log;
  /** The `source` of each event. */
  readonly source: string;
  readonly counted: (result: 'delivered' | 'failed' | 'dead') => void;
}

/** A ring may be lost. */
const lookMs = 1_000;
const breathMs = 100;
const sendMs = 10_000;
/** Receivers that are sent to together; those that did not hear the last time have places of their own. */
const mostAtOnce = { hearing: 16, deaf: 8 } as const;
/** Of one receiver, before another one has its turn. */
const mostInTurn = 50;
const gone = 410;

export const deliverer = ({ outbox, webhooks, bell, log, source, counted }: Ports): Deliverer => {
  const end = new AbortController();
  const cut = new AbortController();
  // One for each that is sent to.
  setMaxListeners(0, cut.signal);
  const sending = { hearing: new Set<Promise<void>>(), deaf: new Set<Promise<void>>() };
  let nap = new AbortController();
  let rung = false;
  const isRung = (): boolean => rung;

  /** False: it did not arrive, so that nothing more is sent there now. */
  const send = async ({ subscriptionId, url, secret }: Claim, due: DueDelivery): Promise<boolean> => {
    const event = toCloudEvent(due, source);
    const fields = { subscription: subscriptionId, event: due.id, type: due.type };
    if (event === null) {
      // A newer release wrote it, or an older one; another replica may know it.
      await outbox.settle(
        subscriptionId,
        due.deliveryId,
        { status: null, error: 'the event is of a kind that this release does not know' },
        due.ageMs >= giveUpMs ? 'dead' : { againMs: backOff(due.attempts + 1, null) },
      );
      return false;
    }
    const body = JSON.stringify(event);
    using limit = joined([cut.signal, AbortSignal.timeout(sendMs)]);
    const headers = webhookHeaders(secret, { id: due.id, at: new Date(), body });
    const answer = await webhooks.send(url, { body, headers }, limit.signal);
    if (answer.error === null) {
      counted('delivered');
      return await outbox.settle(subscriptionId, due.deliveryId, answer, 'delivered');
    }
    // What was cut off by our own end is sent again by whoever comes next, and is no failure of the receiver's.
    if (cut.signal.aborted) return false;
    const isOver = answer.status === gone || due.ageMs >= giveUpMs;
    counted(isOver ? 'dead' : 'failed');
    const detail = { ...fields, attempts: due.attempts + 1, status: answer.status, detail: answer.error };
    if (isOver) log.warn(detail, 'delivery.dead');
    else log.info(detail, 'delivery.failed');
    const againMs = backOff(due.attempts + 1, answer.askedMs);
    await outbox.settle(subscriptionId, due.deliveryId, answer, isOver ? 'dead' : { againMs });
    if (answer.status === gone) {
      await outbox.disable(subscriptionId);
      log.warn(fields, 'subscription.disabled');
    }
    return false;
  };

  const serve = async (claim: Claim): Promise<void> => {
    const { subscriptionId } = claim;
    try {
      for (let count = 0; count < mostInTurn && !end.signal.aborted; count += 1) {
        const due = await outbox.next(subscriptionId);
        if (due === null || !(await send(claim, due))) break;
      }
    } finally {
      await outbox.release(subscriptionId);
    }
  };

  const round = async (): Promise<void> => {
    while ((await outbox.fill()) && !end.signal.aborted);
    for (const of of ['hearing', 'deaf'] as const) {
      const free = mostAtOnce[of] - sending[of].size;
      if (free <= 0) continue;
      for (const claim of await outbox.claim(free, of)) {
        const one = serve(claim)
          .catch((error: unknown) => log.warn({ subscription: claim.subscriptionId, ...told(error) }, 'delivery.broke'))
          .finally(() => {
            sending[of].delete(one);
            ring();
          });
        sending[of].add(one);
      }
    }
  };
  const ring = (): void => {
    rung = true;
    nap.abort();
  };

  let running: Promise<void> = Promise.resolve();
  const rounds = async (): Promise<void> => {
    let failing = false;
    while (!end.signal.aborted) {
      rung = false;
      nap = new AbortController();
      const failed = await round().then(
        () => null,
        (error: unknown) => told(error),
      );
      // Once an outage, not once a second.
      if (failed !== null && !failing) log.warn(failed, 'delivery.round-failed');
      failing = failed !== null;
      // Much may happen at once: it is looked at together.
      await pause(failing ? lookMs : breathMs, end.signal);
      using rest = joined([end.signal, nap.signal]);
      if (!isRung()) await pause(lookMs, rest.signal);
    }
  };

  const stops: (() => void)[] = [];
  return {
    start() {
      stops.push(bell.on('events', ring), bell.on('deliveries', ring));
      running = rounds();
    },
    async stop(signal) {
      for (const stop of stops) stop();
      end.abort();
      await running;
      signal.addEventListener('abort', () => cut.abort(), { once: true });
      if (signal.aborted) cut.abort();
      await Promise.all([...sending.hearing, ...sending.deaf]);
    },
  };
};
