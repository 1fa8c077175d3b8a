import { observedNow } from '../../domain/observed.ts';
import type { PowerReading } from '../../domain/power-limit.ts';
import type { PowerMeter } from '../../ports/power-limit.ts';
import { askDcmi, commands, dcmiData, insistOnPower } from './dcmi.ts';
import type { Ipmi } from './link.ts';
import { isSet } from './status.ts';

/** Of the system as a whole; the other modes are averages over other times. */
const systemPower = 0x01;

export const powerMeter = (ipmi: Ipmi): PowerMeter => ({
  async get(call) {
    const answer = await askDcmi(ipmi, commands.getPowerReading, [systemPower, 0, 0], call);
    await insistOnPower(ipmi, answer, call);
    return observedNow(readingIn(dcmiData(answer, 'Get Power Reading', readingBytes)));
  },
});

const readingBytes = 17;

/** DCMI 1.5 table 6-16, of at least 17 bytes: four powers, a time stamp, the period in milliseconds, the state. */
export const readingIn = (data: Buffer): PowerReading => ({
  watts: data.readUInt16LE(0),
  minimum_watts: data.readUInt16LE(2),
  maximum_watts: data.readUInt16LE(4),
  average_watts: data.readUInt16LE(6),
  period_seconds: data.readUInt32LE(12) / 1000,
  active: isSet(data.readUInt8(16), 6),
});
