import type { ControllerGuid } from '../../domain/firmware.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions, FirmwareReader, SelfTester } from '../../ports/controller.ts';
import { deviceIdIn, guidIn } from './device-id.ts';
import type { Ipmi } from './link.ts';
import { done, type Message } from './message.ts';
import { selfTestIn } from './self-test.ts';

/** IPMI 2.0 §20.1, §20.8, §22.14. */
export const firmware = (ipmi: Ipmi): FirmwareReader => {
  /** Null where there is none, or the controller does not give it away. */
  const guid = async (message: Message, what: string, call: CallOptions): Promise<ControllerGuid | null> => {
    const answer = await ipmi.ask(message, call);
    return notToBeHad.has(answer.completion) ? null : guidIn(done(answer, what));
  };

  return {
    async get(call) {
      const device = deviceIdIn(done(await ipmi.ask(getDeviceId, call), 'Get Device ID'));
      const device_guid = await guid(getDeviceGuid, 'Get Device GUID', call);
      const system_guid = await guid(getSystemGuid, 'Get System GUID', call);
      return observedNow({ ...device, device_guid, system_guid });
    },
  };
};

/** IPMI 2.0 §20.4. It tells how the last test went, which the controller does when it starts, and begins none. */
export const selfTest = (ipmi: Ipmi): SelfTester => ({
  get: async (call) => observedNow(selfTestIn(done(await ipmi.ask(getSelfTestResults, call), 'Get Self Test Results'))),
});

const getDeviceId = { netfn: 0x06, command: 0x01 } as const;
const getSelfTestResults = { netfn: 0x06, command: 0x04 } as const;
const getDeviceGuid = { netfn: 0x06, command: 0x08 } as const;
const getSystemGuid = { netfn: 0x06, command: 0x37 } as const;

/** Unknown command, no such data, not with this privilege, not in this state, disabled. */
const notToBeHad: ReadonlySet<number> = new Set([0xc1, 0xc2, 0xcb, 0xd4, 0xd5, 0xd6]);
