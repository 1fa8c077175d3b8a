import type { Ipmi } from '../../../src/drivers/ipmi/link.ts';
import type { Shelf } from '../../../src/ports/controller.ts';
import { carryOut, commandOf } from './commands/index.ts';
import type { Device } from './commands/command.ts';
import type { Session } from './sessions.ts';

export interface Within extends Ipmi {
  /** Names of the commands asked for since this was asked last. */
  asked(): readonly string[];
}

/** A way to a BMC's insides without a wire: its commands, as an administrator's. `before` may step in ahead of each. */
export const within = (
  device: Device,
  { shelf = null, before = () => undefined }: { shelf?: Shelf | null; before?: (command: string) => unknown } = {},
): Within => {
  let asked: string[] = [];
  const session = { privilege: 'administrator' } as Session; // no command of sensors looks at more of it
  const carry: Ipmi['ask'] = async ({ netfn, command: code, data = [] }, { signal }) => {
    signal.throwIfAborted();
    const { name, command } = commandOf(netfn, code);
    asked.push(name);
    before(name);
    return carryOut(command, Buffer.from(data), device, session);
  };
  return {
    shelf,
    ask: carry,
    tell: carry,
    isSound: true,
    login: async () => null,
    keepAlive: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
    asked() {
      const now = asked;
      asked = [];
      return now;
    },
  };
};
