/** How fast work in bulk begins, so that who wants just one thing does not stand behind all of it. */
export interface Pace {
  /** Resolves when the next may begin, in the order in which they come; what is returned is called when it has ended. */
  enter(): Promise<() => void>;
  /** Somebody waits for an answer: as long as he does, next to nothing is begun. */
  attend(): Disposable;
  /** Those who wait to begin. */
  readonly waiting: number;
}

interface Parts {
  /** How much of the time since it was last asked this process has worked, from 0 to 1. */
  readonly worked: () => number;
  /** So many may be fresh at a time: neither ended nor found to wait for their device. */
  readonly most?: number;
}

/** Enough to keep one thread at work; each more makes everybody wait for longer. */
const usualMost = 8;
/** So often it is looked whether the process has time to spare. */
const tickMs = 25;
/** With more work than this, what has not ended is taken to be at work still. */
const busy = 0.6;
/** What has not ended after so many ticks waits for its device, however much there is to do. */
const mostTicks = 4;
/** Nobody is attended to for longer: some wait for minutes until a machine is on. */
const attendedMs = 100;
/** As many begin in a tick while somebody is attended to, so that they always get on. */
const leastOfTick = 2;

/** How much of the time since it was last asked this process's one thread has worked. */
export const threadWork = (): (() => number) => {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
};

/**
 * What is at work takes the process's time, and what waits for its device takes none. So few are at work at once; the others
 * are not counted any more at the first tick at which the process had time to spare, so that a dead device holds nobody up.
 */
export const pace = ({ worked, most = usualMost }: Parts): Pace => {
  const queue: (() => void)[] = [];
  /** With the tick at which it began. */
  const fresh = new Map<symbol, number>();
  let ticks = 0;
  let attended = 0;
  let timer: NodeJS.Timeout | undefined;
  let allowed = 0;

  const admit = (): void => {
    while (queue.length > 0 && fresh.size < most && (attended === 0 || allowed > 0)) {
      if (attended > 0) allowed -= 1;
      queue.shift()?.();
    }
    if (queue.length > 0 && timer === undefined) {
      worked();
      timer = setInterval(tick, tickMs);
    } else if (queue.length === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const tick = (): void => {
    ticks += 1;
    const hasTime = worked() < busy;
    for (const [one, begun] of fresh) if (hasTime || ticks - begun > mostTicks) fresh.delete(one);
    allowed = leastOfTick;
    admit();
  };

  return {
    get waiting() {
      return queue.length;
    },
    async enter() {
      const one = Symbol('begun');
      await new Promise<void>((resolve) => {
        queue.push(() => {
          fresh.set(one, ticks);
          resolve();
        });
        admit();
      });
      return () => {
        fresh.delete(one);
        admit();
      };
    },
    attend() {
      attended += 1;
      const leave = (): void => {
        clearTimeout(late);
        if (left) return;
        left = true;
        attended -= 1;
        admit();
      };
      let left = false;
      const late = setTimeout(leave, attendedMs);
      return { [Symbol.dispose]: leave };
    },
  };
};
