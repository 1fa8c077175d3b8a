import type { World } from './world.ts';

/** A line on a terminal that tells how far it is. */
export interface Progress {
  /** Before anything else is printed. */
  clear(): void;
  show(done: number, failed: number): void;
}

/** Nothing where nobody looks on, or there is one to wait for. */
export const progress = ({ stderr }: Pick<World, 'stderr'>, total: number): Progress => {
  const write = (text: string): void => {
    if (stderr.isTTY === true && total > 1) stderr.write(text);
  };
  return {
    clear: () => write('\r\u001b[K'),
    show: (done, failed) =>
      write(done === total ? '\r\u001b[K' : `\r\u001b[K${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''} …`),
  };
};
