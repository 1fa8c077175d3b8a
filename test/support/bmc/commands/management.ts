import { ok, type Command, type Device } from './command.ts';

const app = 0x06;

const reset =
  (kind: 'cold' | 'warm') =>
  ({ device }: { readonly device: Device }) => {
    device.management.reset(kind);
    device.sessions.clear();
    return ok();
  };

/** Commands of netfn App about the controller itself (IPMI 2.0 §20.2 to §20.4). */
export const managementCommands = {
  'cold-reset': { netfn: app, code: 0x02, privilege: 'administrator', run: reset('cold') },
  'warm-reset': { netfn: app, code: 0x03, privilege: 'administrator', run: reset('warm') },
  'get-self-test-results': {
    netfn: app,
    code: 0x04,
    privilege: 'user',
    run: ({ device }) => ok(device.management.selfTest),
  },
} as const satisfies Record<string, Command>;
