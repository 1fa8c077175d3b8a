import { completions, ok, refused, type Command } from './command.ts';

const app = 0x06;
const uninitialized = 0x80;
const running = 0x40;

/** Commands about the watchdog timer (IPMI 2.0 §27.5 to §27.7). */
export const watchdogCommands = {
  'reset-watchdog-timer': {
    netfn: app,
    code: 0x22,
    privilege: 'operator',
    run({ device: { chassis } }) {
      const { watchdog } = chassis;
      if (!watchdog.initialized) return refused(uninitialized);
      watchdog.endsAt = performance.now() + watchdog.initial * 100;
      return ok();
    },
  },
  'set-watchdog-timer': {
    netfn: app,
    code: 0x24,
    privilege: 'operator',
    takes: 6,
    run({ data, device: { chassis } }) {
      const { watchdog } = chassis;
      const use = data.readUInt8(0);
      if ((use & 0x07) === 0) return refused(completions.invalidField);
      const goesOn = (use & running) !== 0 && watchdog.endsAt !== null;
      Object.assign(watchdog, {
        initialized: true,
        use: use & 0x87,
        action: data.readUInt8(1),
        warningSeconds: data.readUInt8(2),
        expired: watchdog.expired & ~data.readUInt8(3),
        initial: data.readUInt16LE(4),
        endsAt: goesOn ? performance.now() + data.readUInt16LE(4) * 100 : null,
      });
      return ok();
    },
  },
  'get-watchdog-timer': {
    netfn: app,
    code: 0x25,
    privilege: 'user',
    run({ device: { chassis } }) {
      const { use, action, warningSeconds, expired, initial, endsAt } = chassis.watchdog;
      const left = endsAt === null ? initial : Math.max(0, Math.round((endsAt - performance.now()) / 100));
      const data = Buffer.from([use | (endsAt === null ? 0 : running), action, warningSeconds, expired, 0, 0, 0, 0]);
      data.writeUInt16LE(initial, 4);
      data.writeUInt16LE(left, 6);
      return ok(data);
    },
  },
} as const satisfies Record<string, Command>;
