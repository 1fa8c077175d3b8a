import { Fault } from '../../domain/fault.ts';
import { selfTestFindings, type SelfTest } from '../../domain/firmware.ts';

/** The answer to Get Self Test Results (IPMI 2.0 table 20-8). Faults: `controller-garbled`. */
export const selfTestIn = (data: Buffer): SelfTest => {
  if (data.length < 2)
    throw new Fault('controller-garbled', `Get Self Test Results: ${data.length} bytes came, and 2 belong there`);
  const [first, second] = [data.readUInt8(0), data.readUInt8(1)];
  const result = results[first] ?? 'vendor-specific';
  // The second byte has this meaning beside the one first byte alone.
  const findings = result === 'corrupted' ? selfTestFindings.filter((_, bit) => ((second >> bit) & 1) === 1) : [];
  return { result, findings, code: data.subarray(0, 2).toString('hex') };
};

const results: Readonly<Record<number, SelfTest['result']>> = {
  0x55: 'passed',
  0x56: 'not-implemented',
  0x57: 'corrupted',
  0x58: 'fatal',
};
